"""Vocabularies of the tiny models, from samples/; used by tiny_models.py."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import sentencepiece
from tokenizers import ByteLevelBPETokenizer

SAMPLES = Path(__file__).parent / "samples"
END_OF_TEXT = "<|endoftext|>"


def read_column(table: str, column: str) -> list[str]:
    """Read one column of a sample table, empty fields left out."""
    with (SAMPLES / table).open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row[column] for row in rows if row[column]]


def read_story() -> list[str]:
    """Read the paragraphs of the story."""
    return (SAMPLES / "story_en.txt").read_text(encoding="utf-8").strip().split("\n\n")


def split_words(texts: Iterable[str]) -> Counter[str]:
    """Count words and punctuation marks as BERT's pre-tokenizer splits them."""
    return Counter(word for text in texts for word in re.findall(r"\w+|[^\w\s]", text))


def make_wordpieces(texts: Iterable[str], endings: tuple[str, ...], *, split: bool = False) -> list[str]:
    """Give every character, every word (without its ending where those are split off), and the endings as `##` pieces."""
    words = split_words(texts)
    characters = {character for word in words for character in word}
    stems = {_strip_ending(word, endings) if split else word for word in words}
    return sorted({*characters, *stems, *(f"##{piece}" for piece in (*characters, *endings))})


def _strip_ending(word: str, endings: tuple[str, ...]) -> str:
    """Strip the longest ending that leaves two characters or more."""
    found = [ending for ending in endings if word.endswith(ending) and len(word) >= len(ending) + 2]
    return word.removesuffix(max(found, key=len, default=""))


def write_byte_pairs(texts: list[str], folder: Path, *, size: int) -> None:
    """Train GPT-2's kind of vocabulary; the end of a text has the last id, as in the real one."""
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(texts, vocab_size=size - 1, min_frequency=2, show_progress=False)
    tokenizer.save_model(str(folder))
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    vocabulary[END_OF_TEXT] = len(vocabulary)
    _write_json(folder / "vocab.json", vocabulary)


def write_sentencepieces(sources: list[str], targets: list[str], folder: Path, *, size: int) -> int:
    """Train Marian's two models and the one table that numbers the pieces of both; give its size."""
    pieces: set[str] = set()
    for name, texts in (("source.spm", sources), ("target.spm", targets)):
        model = _train_sentencepiece(texts, size)
        (folder / name).write_bytes(model)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        pieces |= {processor.id_to_piece(i) for i in range(len(processor)) if not processor.is_control(i)}
    names = ["</s>", "<unk>", *sorted(pieces - {"<unk>"}), "<pad>"]
    _write_json(folder / "vocab.json", {piece: i for i, piece in enumerate(names)})
    return len(names)


def _train_sentencepiece(texts: list[str], size: int) -> bytes:
    """Train a unigram model without touching the disk, so that no path gets into it."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, vocab_size=size, model_type="unigram", character_coverage=1.0,
        hard_vocab_limit=False, num_threads=1, bos_id=-1, eos_id=0, unk_id=1, minloglevel=2,
    )
    return model.getvalue()


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
