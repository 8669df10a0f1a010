"""Shapes: how many ids, rows and columns come back, and of what type they are."""

import pytest
import torch
from cases import as_id_list, as_words, draw_words, make_tables, make_tokenizer

from grader.examiner import assert_shape


@pytest.mark.todo("simple.encode", weight=2)
@pytest.mark.shape
def test_encoding_has_an_id_for_each_word(student, draw):
    """There is one id for each word, for repeated and unseen words too."""
    words = draw_words(draw, 6)
    tokenizer = make_tokenizer(student, words[:4])
    for text in (words, words[:1], [words[5]] * 3, words * 2):
        ids = as_id_list(tokenizer.encode(" ".join(text)))
        assert len(ids) == len(text), f"a text of {len(text)} words gave {len(ids)} ids"
    assert as_id_list(tokenizer.encode("")) == [], "a text without words should give no ids"


@pytest.mark.todo("simple.decode", weight=1)
@pytest.mark.shape
def test_decoding_has_a_word_for_each_id(student, draw):
    """There is one word for each id; padding is a word like any other."""
    words = draw_words(draw, 4)
    tokenizer = make_tokenizer(student, words)
    for ids in ([2, 0, 0, 5, 0], [3, 3, 3], [0], []):
        found = as_words(tokenizer.decode(ids))
        assert len(found) == len(ids), f"{len(ids)} ids gave {len(found)} words"


@pytest.mark.todo("simple.pad", weight=2)
@pytest.mark.shape
def test_padding_gives_the_length_asked_for(student, draw):
    """The result has max_len ids, whether the input is longer, shorter or just right."""
    ids = draw.ids(50, 6, low=2).tolist()
    tokenizer = make_tokenizer(student, [])
    for max_len in (9, 6, 4, 1):
        found = as_id_list(tokenizer.pad(list(ids), max_len))
        assert len(found) == max_len, f"max_len {max_len} gave {len(found)} ids"
        assert max_len >= len(ids) or found == ids[:max_len], "longer input should be cut at its end"


@pytest.mark.todo("embedding.lookup", weight=2)
@pytest.mark.shape
def test_lookup_has_a_row_for_each_id(student, draw):
    """Both ways of looking up give [S, E], for one id too."""
    length, rows, width = draw.sizes(3, low=4)
    weight = draw.tensor(rows, width)
    _, theirs = make_tables(student, weight)
    for count in (length, 1):
        # the largest id is left out: a width that is guessed from the ids would be too small
        ids = draw.ids(rows - 1, count).tolist()
        assert_shape(student.lookup(theirs, ids), (count, width), what="the rows from lookup")
        assert_shape(student.one_hot_lookup(weight, ids), (count, width), what="the rows from one_hot_lookup")
        assert_shape(student.one_hot_lookup(weight[:, :1], ids), (count, 1), what="the rows of a narrow table")


@pytest.mark.todo("batch.pad", weight=3)
@pytest.mark.shape
def test_batch_is_a_rectangle_of_ids(student, draw):
    """A batch is an int64 tensor [B, S] with int64 lengths [B]; one row keeps its axis."""
    for count in (3, 1):
        sequences = [draw.ids(40, size).tolist() for size in draw.sizes(count, low=4)]
        batch, lengths = student.pad_batch(sequences, 7)
        assert_shape(batch, (count, max(map(len, sequences))), what="the batch")
        assert_shape(lengths, (count,), what="the lengths")
        assert batch.dtype == torch.int64, "the ids of the batch should be int64"
        assert lengths.dtype == torch.int64, "the lengths should be int64"
