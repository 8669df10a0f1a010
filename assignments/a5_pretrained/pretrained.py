"""Pretrained models: encode, look at contextual embeddings, translate, fill masks, continue a story."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


def encode_text(tokenizer: PreTrainedTokenizerBase, text: str) -> BatchEncoding:
    """Give what the model takes, `input_ids` and `attention_mask` among it, as tensors [1, S]."""
    # TODO encode: the ids of the text with the special tokens, once, as PyTorch tensors
    return FIXME("encode")


def contextual_embeddings(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, text: str) -> Tensor:
    """Give the vectors of a text's tokens in their context, [1, S, H]; the model has no task head."""
    # TODO contextual: the model's last hidden state for this text
    return FIXME("contextual")


def word_embedding_table(model: PreTrainedModel) -> Tensor:
    """Give the table that ids are looked up in, [V, H]: before positions are added, before any attention."""
    # TODO contextual: the weight of the model's word embeddings
    return FIXME("contextual")


def has_encoder_and_decoder(model: PreTrainedModel) -> tuple[bool, bool]:
    """Tell whether a translation model has an encoder, and whether it has a decoder."""
    # TODO translate: look for the two halves in the model
    return FIXME("translate")


def translate(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, text: str, max_new_tokens: int = 64) -> str:
    """Translate a text with the model's own generation settings, in at most `max_new_tokens` tokens."""
    # TODO translate: generate ids, and decode them without the special tokens
    return FIXME("translate")


def mask_positions(input_ids: Tensor, mask_token_id: int) -> Tensor:
    """Find every mask in input_ids [B, S]: rows and columns as a tensor [n, 2], or as the pair (rows, columns)."""
    # TODO fillmask.positions: where input_ids equals mask_token_id
    return FIXME("fillmask.positions")


def fill_mask(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, sentence: str, top_k: int = 5
) -> list[list[tuple[str, float]]]:
    """For each mask of the sentence, give the `top_k` likeliest pieces with their probabilities, highest first."""
    # TODO fillmask.candidates: one list of (piece, probability) a mask
    return FIXME("fillmask.candidates")


def restore(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, sentence: str, top_k: int = 5
) -> list[str]:
    """Fill a sentence's single mask with each of its `top_k` candidates, best first; the rest stays as it is."""
    # TODO fillmask.candidates: the sentence once for every candidate
    return FIXME("fillmask.candidates")


def continue_story(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt: str, max_new_tokens: int = 64
) -> str:
    """Continue the prompt greedily by at most `max_new_tokens` tokens; the prompt is part of the result."""
    # TODO continue: generate with the attention mask, and decode the prompt together with what follows
    return FIXME("continue")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def find_vector(model, tokenizer, text, piece):
#   2       inputs = tokenizer(text, return_tensors="pt").to(model.device)
#   3       vectors = model(**inputs).last_hidden_state[0]
#   4       return vectors[tokenizer.tokenize(text).index(piece)]


def find_vector(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, text: str, piece: str) -> Tensor:
    """Return [H], BERT's vector of the first such piece of a text; the model reads the text with its special tokens."""
    # TODO bug.place: the function as it should be
    return FIXME("bug.place")


def bug_in_find_vector() -> int:
    """Return the number of the wrong line."""
    # TODO bug.place: its number
    return FIXME("bug.place")


# One line is wrong. / 한 줄이 틀렸습니다.
#
#   1   def first_vectors(model, tokenizer, texts):
#   2       batch = tokenizer(texts, padding=True, return_tensors="pt").to(model.device)
#   3       hidden = model(batch["input_ids"]).last_hidden_state
#   4       return hidden[:, 0]


def first_vectors(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> Tensor:
    """Return [B,H], BERT's vector of the first token of each text, as if it were read alone."""
    # TODO bug.padding: the function as it should be
    return FIXME("bug.padding")


def bug_in_first_vectors() -> int:
    """Return the number of the wrong line."""
    # TODO bug.padding: its number
    return FIXME("bug.padding")
