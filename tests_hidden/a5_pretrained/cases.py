"""Models, texts and readings that several test files of this assignment share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import standins
import torch
import transformers
from torch import Tensor

from grader.model.verdict import SubmissionError

# The models' own settings name a length, and the TODO asks for another: every `generate` would say so to the teacher.
transformers.logging.set_verbosity_error()

# Two probabilities or logits closer than this could change places by rounding alone: such a case is not asked.
SAFE_MARGIN = 1e-3
DRAWS = 60
CHARACTERS = "Ġ.abcdefghijklmnopqrstuvwxyz"  # Ġ is how GPT-2 writes a space


@dataclass(frozen=True)
class Pair:
    """A model and its tokenizer on either side, with the same weights and the same words."""

    ours: Any
    our_tokenizer: Any
    theirs: Any
    their_tokenizer: Any
    words: list[str]

    @property
    def our_side(self) -> tuple[Any, Any]:
        """What our own function is given first."""
        return self.ours, self.our_tokenizer

    @property
    def their_side(self) -> tuple[Any, Any]:
        """What the submission is given first."""
        return self.theirs, self.their_tokenizer


def draw_words(draw, count: int = 16) -> list[str]:
    """So many different words, in both scripts."""
    words: list[str] = []
    while len(words) < count:
        word = draw.choice([draw.word, draw.hangul])()
        words += [word] if word not in words else []
    return words


def draw_text(draw, words: list[str], count: int = 5) -> str:
    """A text of words that differ from each other."""
    return " ".join(draw.shuffled(words)[:count])


def make_tokenizers(student, kind: str, words: list[str]) -> tuple[Any, Any]:
    """The same tokenizer on both sides: ours, theirs."""
    return standins.make_tokenizer(kind, words), student.define(standins.make_tokenizer)(kind, words)


def make_pair(
    student,
    draw,
    kind: str,
    *,
    words: list[str] | None = None,
    width: int | None = None,
    dropout: float = 0.0,
    is_telling: Callable[[Any, Any], bool] = lambda model, tokenizer: True,
) -> Pair:
    """A small model on both sides, its weights drawn until the case tells right from wrong."""
    words = words or (list(CHARACTERS) if kind == "gpt2" else draw_words(draw))
    ours, theirs = make_tokenizers(student, kind, words)
    width = width or 2 * draw.integer(6, 9)
    for _ in range(DRAWS):
        arguments = kind, len(ours), width, draw.seed(), dropout
        model = standins.make_model(*arguments)
        if is_telling(model, ours):
            return Pair(model, ours, student.define(standins.make_model)(*arguments), theirs, words)
    raise RuntimeError(f"no telling {kind} in {DRAWS} draws")


def find_function(student, name: str) -> Any:
    """A function of the submission, or None: a neighbour that is missing must not cost this TODO."""
    try:
        return getattr(student, name)
    except SubmissionError:
        return None


def place_encoding(student) -> None:
    """Give the submission a right encode_text, in the form of its own."""
    student.replace(encode_text=student.define(standins.CannedEncoding)(find_function(student, "encode_text")))


def place_positions(student) -> None:
    """Give the submission a right encode_text and a right mask_positions, in the form of its own."""
    place_encoding(student)
    student.replace(mask_positions=student.define(standins.CannedPositions)(find_function(student, "mask_positions")))


def as_text(reply: Any) -> str:
    """A text without its spaces, which are not judged."""
    assert isinstance(reply, str), "expected one text, as a string"
    return "".join(reply.split())


def as_positions(reply: Any) -> list[list[int]]:
    """Rows and columns, whether they came as a tensor [n, 2] or as a pair of tensors [n]."""
    if isinstance(reply, (tuple, list)):
        assert len(reply) == 2, "expected a tensor [n, 2], or the pair (rows, columns)"
        flat = all(isinstance(part, Tensor) and part.dim() == 1 for part in reply)
        assert flat, "rows and columns should be tensors [n]"
        assert len(reply[0]) == len(reply[1]), "there should be as many rows as columns"
        reply = torch.stack(list(reply), dim=1)
    assert isinstance(reply, Tensor), "expected a tensor [n, 2], or the pair (rows, columns)"
    assert reply.dim() == 2 and reply.size(1) == 2, f"expected a tensor [n, 2], found the shape {list(reply.shape)}"
    assert not reply.is_floating_point(), "positions should be whole numbers"
    return reply.tolist()


def as_candidates(reply: Any) -> list[list[tuple[str, float]]]:
    """One list a mask of (piece, probability)."""
    assert isinstance(reply, (list, tuple)), "expected a list with one list a mask"
    assert all(isinstance(mask, (list, tuple)) for mask in reply), "expected one list a mask"
    return [[_as_candidate(pair) for pair in mask] for mask in reply]


def _as_candidate(pair: Any) -> tuple[str, float]:
    assert isinstance(pair, (list, tuple)) and len(pair) == 2, "expected pairs of a piece and its probability"
    piece, probability = pair
    assert isinstance(piece, str), "the first of a pair should be the piece, as a string"
    assert isinstance(probability, (float, Tensor)), "the second of a pair should be its probability"
    return "".join(piece.split()), float(probability)


def as_sentences(reply: Any) -> list[str]:
    """Sentences without their spaces."""
    assert isinstance(reply, (list, tuple)), "expected a list of sentences"
    return [as_text(sentence) for sentence in reply]


def draw_ids(draw, rows: int, mask_token_id: int, masks: list[list[int]]) -> Tensor:
    """Ids [rows, S] with a mask at just these places."""
    ids = draw.ids(40, rows, 7, low=mask_token_id + 1)
    for row, column in masks:
        ids[row, column] = mask_token_id
    return ids


@dataclass(frozen=True)
class Blank:
    """A sentence with masks, a model that fills them, and the scores that decide."""

    pair: Pair
    sentence: str
    logits: Tensor  # [S, V]
    columns: list[int]


def draw_blank(student, draw, *, masks: int = 1, top_k: int = 5, text: str | None = None) -> Blank:
    """A sentence with so many masks, whose best candidates hold both kinds of pieces and are far apart."""
    plain = draw_words(draw, 14)
    words = [*plain, *(f"##{draw.word()}" for _ in range(6)), ".", ","]
    first, second, third, fourth = draw.shuffled(plain)[:4]
    middle = {0: second, 1: "[MASK]", 2: f"[MASK] {second} [MASK]"}[masks]
    sentence = text or f"{first} {middle} {third}, {fourth}."

    def is_telling(model, tokenizer) -> bool:
        logits, columns = read_logits(model, tokenizer, sentence)
        return all(is_mixed(logits[column], tokenizer, top_k) for column in columns)

    pair = make_pair(student, draw, "maskedlm", words=words, is_telling=is_telling)
    return Blank(pair, sentence, *read_logits(*pair.our_side, sentence))


@torch.no_grad()
def read_logits(model, tokenizer, sentence: str) -> tuple[Tensor, list[int]]:
    """The scores [S, V] of a sentence, and the columns of its masks."""
    inputs = tokenizer(sentence, return_tensors="pt")
    columns = (inputs["input_ids"][0] == tokenizer.mask_token_id).nonzero().reshape(-1).tolist()
    return model(**inputs).logits[0], columns


def is_mixed(scores: Tensor, tokenizer, top_k: int) -> bool:
    """Whether the best are clearly apart, and some of them continue a word while others do not."""
    best, ids = scores.softmax(-1).topk(top_k + 1)
    hashes = [piece.startswith("##") for piece in tokenizer.convert_ids_to_tokens(ids[:top_k].tolist())]
    return bool((best[:-1] - best[1:]).min() > SAFE_MARGIN) and any(hashes) and not all(hashes)


def probability_mistakes(blank: Blank, top_k: int) -> dict[str, Tensor]:
    """What the probabilities of the first mask look like after a known mistake."""
    scores, column = blank.logits, blank.columns[0]
    best, ids = scores[column].topk(top_k)
    return {
        "these are the scores themselves: a softmax makes probabilities of them": best,
        "the softmax ran over the candidates only: they compete with the whole vocabulary": best.softmax(-1),
        "the softmax ran over the positions: it belongs over the vocabulary": scores.softmax(0)[column, ids],
        "these are log-probabilities": scores[column].log_softmax(-1)[ids],
    }


@torch.no_grad()
def generate_plain(model, tokenizer, text: str, **settings) -> str:
    """What a model writes with settings of our choice, without spaces."""
    inputs = tokenizer(text, return_tensors="pt")
    return as_text(tokenizer.decode(model.generate(**inputs, **settings)[0], skip_special_tokens=True))


def draw_translation(student, draw, *, count: int = 5) -> tuple[Pair, str]:
    """A model, and a text that greedy search and beam search translate differently."""
    words = draw_words(draw)
    text = draw_text(draw, words)

    def is_telling(model, tokenizer) -> bool:
        greedy = generate_plain(model, tokenizer, text, max_new_tokens=count, num_beams=1)
        return greedy != generate_plain(model, tokenizer, text, max_new_tokens=count)

    return make_pair(student, draw, "marian", words=words, is_telling=is_telling), text


def draw_prompt(draw) -> str:
    """The beginning of a story, of small letters."""
    return f"{draw.word()} {draw.word()}"


def draw_story(student, draw, *, count: int = 6, dropout: float = 0.0) -> tuple[Pair, str]:
    """A model, and a prompt that it continues with several different tokens, each clearly the likeliest."""
    prompt = draw_prompt(draw)

    def is_telling(model, tokenizer) -> bool:
        inputs = tokenizer(prompt, return_tensors="pt")
        out = model.generate(
            **inputs,
            max_new_tokens=count,
            do_sample=False,
            pad_token_id=tokenizer.eos_token_id,
            output_scores=True,
            return_dict_in_generate=True,
        )
        new = out.sequences[0, -count:].tolist()
        best = torch.cat(out.scores).topk(2).values
        margin = float((best[:, 0] - best[:, 1]).min())
        varied = len(set(new)) > 2 and len(set(new[:3])) > 1
        return varied and margin > SAFE_MARGIN and tokenizer.eos_token_id not in new

    return make_pair(student, draw, "gpt2", dropout=dropout, is_telling=is_telling), prompt
