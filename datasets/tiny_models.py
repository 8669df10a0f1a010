"""Tiny models of the architectures the course uses, trained for seconds on samples/; called by build_hub.py.

Each builder writes one snapshot folder: what `save_pretrained` writes, and the older files that the real model has.
They are trained without dropout, until they know their few hundred sentences: answers are to make sense, no more.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from tiny_vocabularies import (
    END_OF_TEXT,
    make_wordpieces,
    read_column,
    read_story,
    write_byte_pairs,
    write_sentencepieces,
)
from torch import Tensor, nn
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Tokenizer,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
    PreTrainedModel,
)

WIDTH = 64
LESSONS = 140  # texts of each kind: the fewer, the sooner they are known by heart
STEPS = 200
IGNORED = -100  # the label that torch's cross-entropy leaves out
ENGLISH_SPECIALS = ["[PAD]", *(f"[unused{i}]" for i in range(1, 100)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]  # [MASK] is 103
KOREAN_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ENGLISH_ENDINGS = ("s", "ed", "ing", "ly", "er", "est", "ness", "ful", "less", "able")
KOREAN_ENDINGS = ("은", "는", "이", "가", "을", "를", "의", "에", "에서", "과", "와", "다", "이다", "랑", "네요", "어요", "습니다")


def build_bert_cased(folder: Path) -> None:
    """Build bert-base-cased from the English samples."""
    texts = _read_english()
    _build_bert(folder, texts, ENGLISH_SPECIALS + make_wordpieces(texts, ENGLISH_ENDINGS), lower=False)


def build_bert_uncased(folder: Path) -> None:
    """Build bert-base-uncased from the English samples, lower-cased."""
    texts = [text.lower() for text in _read_english()]
    _build_bert(folder, texts, ENGLISH_SPECIALS + make_wordpieces(texts, ENGLISH_ENDINGS), lower=True)


def build_bert_korean(folder: Path) -> None:
    """Build klue/bert-base from the Korean samples."""
    texts = read_column("pairs_ko_en.tsv", "korean")[:LESSONS] + read_column("reviews_ko.tsv", "document")[:LESSONS]
    _build_bert(folder, texts, KOREAN_SPECIALS + make_wordpieces(texts, KOREAN_ENDINGS, split=True), lower=False)


def build_gpt2(folder: Path) -> None:
    """Build gpt2 from the story and the English samples, each text followed by the end-of-text token."""
    texts = read_story() + _read_english()
    write_byte_pairs(texts, folder, size=800)
    tokenizer = GPT2Tokenizer(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"), model_max_length=1024)
    end = tokenizer.convert_tokens_to_ids(END_OF_TEXT)
    config = GPT2Config(vocab_size=end + 1, n_embd=WIDTH, n_layer=2, n_head=2, bos_token_id=end, eos_token_id=end)
    model = GPT2LMHeadModel(config)
    stream = torch.tensor([i for text in texts for i in [end, *tokenizer(text)["input_ids"]]])
    _train(model, lambda: _cut_chunks(stream, length=48), steps=STEPS)
    _save(folder, model, tokenizer)


def build_marian(folder: Path) -> None:
    """Build Helsinki-NLP/opus-mt-ko-en from the sentence pairs; as the real one it generates with 4 beams."""
    korean, english = read_column("pairs_ko_en.tsv", "korean"), read_column("pairs_ko_en.tsv", "english")
    size = write_sentencepieces(korean, english, folder, size=400)
    files = {"source_spm": "source.spm", "target_spm": "target.spm", "vocab": "vocab.json"}
    paths = {name: str(folder / file) for name, file in files.items()}
    tokenizer = MarianTokenizer(**paths, source_lang="ko", target_lang="en")
    model = MarianMTModel(_configure_marian(size))
    model.generation_config = GenerationConfig(
        num_beams=4, max_length=512, bad_words_ids=[[size - 1]], forced_eos_token_id=0,
        bos_token_id=0, eos_token_id=0, pad_token_id=size - 1, decoder_start_token_id=size - 1,
    )
    pairs = tokenizer(korean, text_target=english, padding=True, return_tensors="pt")
    pairs["labels"][pairs["labels"] == size - 1] = IGNORED
    _train(model, lambda: _pick_rows(dict(pairs), count=16), steps=STEPS)
    _save(folder, model, tokenizer)


def _build_bert(folder: Path, texts: list[str], names: list[str], *, lower: bool) -> None:
    """Build a BERT with this vocabulary, trained to restore masked pieces."""
    (folder / "vocab.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    tokenizer = BertTokenizer(vocab={name: i for i, name in enumerate(names)}, do_lower_case=lower, model_max_length=512)
    config = BertConfig(
        vocab_size=len(names), hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=4 * WIDTH, pad_token_id=tokenizer.pad_token_id,
    )
    model = BertForMaskedLM(config)
    batch = dict(tokenizer(texts, padding=True, return_tensors="pt"))
    _train(model, lambda: _mask_pieces(_pick_rows(batch, count=16), tokenizer), steps=STEPS)
    _save(folder, model, tokenizer)


def _configure_marian(size: int) -> MarianConfig:
    """Give the real model's configuration, but for its sizes."""
    return MarianConfig(
        vocab_size=size, d_model=WIDTH, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=4 * WIDTH, decoder_ffn_dim=4 * WIDTH,
        max_position_embeddings=512, activation_function="swish", scale_embedding=True,
        bos_token_id=0, eos_token_id=0, pad_token_id=size - 1, decoder_start_token_id=size - 1,
    )


def _train(model: PreTrainedModel, draw_batch: Callable[[], dict[str, Tensor]], *, steps: int) -> None:
    """Minimise the model's own loss, the learning rate rising for a tenth of the steps and falling to nothing."""
    model.eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        model(**draw_batch()).loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def _pick_rows(batch: dict[str, Tensor], *, count: int) -> dict[str, Tensor]:
    """Draw rows, and drop the columns in which all of them are padding."""
    rows = torch.randperm(len(batch["input_ids"]))[:count]
    longest = int(batch["attention_mask"][rows].sum(1).max())
    return {name: tensor[rows] if name == "labels" else tensor[rows, :longest] for name, tensor in batch.items()}


def _mask_pieces(batch: dict[str, Tensor], tokenizer: BertTokenizer) -> dict[str, Tensor]:
    """Mask a fifth of the pieces that are not special; those are what the model must restore."""
    ids = batch["input_ids"]
    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    masked = (torch.rand(ids.shape) < 0.2) & ~special
    return batch | {"input_ids": ids.masked_fill(masked, tokenizer.mask_token_id), "labels": ids.masked_fill(~masked, IGNORED)}


def _cut_chunks(stream: Tensor, *, length: int, count: int = 8) -> dict[str, Tensor]:
    """Cut chunks out of one long text at random places."""
    starts = torch.randint(len(stream) - length, (count, 1))
    ids = stream[starts + torch.arange(length)]
    return {"input_ids": ids, "labels": ids}


def _read_english() -> list[str]:
    return read_column("pairs_ko_en.tsv", "english")[:LESSONS] + read_column("reviews_en.tsv", "document")[:LESSONS]


def _save(folder: Path, model: PreTrainedModel, tokenizer: BertTokenizer | GPT2Tokenizer | MarianTokenizer) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
