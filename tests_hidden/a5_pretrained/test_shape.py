"""Shape: the form of what is returned, before any value is looked at."""

import pytest
import torch
from cases import (
    as_candidates,
    as_positions,
    as_text,
    draw_blank,
    draw_ids,
    draw_prompt,
    draw_text,
    draw_words,
    make_pair,
    make_tokenizers,
    place_encoding,
    place_positions,
)

from grader.examiner import assert_shape


@pytest.mark.todo("encode", weight=3)
@pytest.mark.shape
def test_encoding_is_a_batch_of_one(student, draw):
    """The ids and the attention mask are whole-number tensors [1, S] that know their names."""
    words = draw_words(draw)
    ours, theirs = make_tokenizers(student, "bert", words)
    text = draw_text(draw, words, draw.integer(3, 9))
    encoded = student.encode_text(theirs, text)
    for name in ("input_ids", "attention_mask"):
        assert name in encoded, f"the encoding should hold {name!r}"
        assert_shape(encoded[name], (1, len(ours(text)["input_ids"])), what=name)
        assert encoded[name].dtype == torch.int64, f"{name} should be whole numbers (int64)"


@pytest.mark.todo("contextual", weight=3)
@pytest.mark.shape
def test_one_vector_a_token(student, draw):
    """There is one vector of the hidden size for every token, special ones included."""
    place_encoding(student)
    pair = make_pair(student, draw, "bert")
    text = draw_text(draw, pair.words, draw.integer(3, 7))
    vectors = student.contextual_embeddings(*pair.their_side, text)
    length = len(pair.our_tokenizer(text)["input_ids"])
    assert_shape(vectors, (1, length, pair.ours.config.hidden_size), what="contextual embeddings")


@pytest.mark.todo("contextual", weight=2)
@pytest.mark.shape
def test_one_row_a_piece(student, draw):
    """The table has one row of the hidden size for every piece of the vocabulary."""
    pair = make_pair(student, draw, "bert")
    shape = len(pair.our_tokenizer), pair.ours.config.hidden_size
    table = student.word_embedding_table(pair.theirs)
    assert_shape(table, shape, what="word embedding table")
    other = student.word_embedding_table(make_pair(student, draw, "bert", words=pair.words, width=shape[1]).theirs)
    assert not torch.equal(table, other), "the table of another model is the same"


@pytest.mark.todo("translate", weight=2)
@pytest.mark.shape
def test_translation_is_one_text(student, draw):
    """A text is translated into one text, not into ids and not into a list."""
    place_encoding(student)
    pair = make_pair(student, draw, "marian")
    translated = student.translate(*pair.their_side, draw_text(draw, pair.words), max_new_tokens=3)
    assert as_text(translated), "the translation is empty"


@pytest.mark.todo("fillmask.positions", weight=2)
@pytest.mark.shape
def test_a_row_and_a_column_a_mask(student, draw):
    """Two masks give two pairs of a row and a column."""
    mask = draw.integer(5, 20)
    found = student.mask_positions(draw_ids(draw, 1, mask, [[0, 2], [0, 5]]), mask)
    assert len(as_positions(found)) == 2, "expected as many positions as there are masks"


@pytest.mark.todo("fillmask.candidates", weight=2)
@pytest.mark.shape
def test_one_list_a_mask(student, draw):
    """One mask gives one list, with as many pairs of a piece and a probability as were asked for."""
    place_positions(student)
    top_k = draw.integer(2, 4)
    blank = draw_blank(student, draw, top_k=top_k)
    candidates = as_candidates(student.fill_mask(*blank.pair.their_side, blank.sentence, top_k))
    assert len(candidates) == 1, "expected one list for the one mask"
    assert len(candidates[0]) == top_k, "expected as many candidates as top_k asks for"


@pytest.mark.todo("continue", weight=2)
@pytest.mark.shape
def test_story_begins_with_the_prompt(student, draw):
    """The story is one text, and the prompt is its beginning."""
    place_encoding(student)
    pair = make_pair(student, draw, "gpt2")
    prompt = draw_prompt(draw)
    story = as_text(student.continue_story(*pair.their_side, prompt, max_new_tokens=3))
    assert story.startswith(as_text(prompt)), "the story should begin with the prompt"
