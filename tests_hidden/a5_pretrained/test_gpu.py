"""GPU: a model on the device gives what it gives on the CPU."""

import pytest
import standins
from cases import (
    as_candidates,
    as_positions,
    as_text,
    draw_blank,
    draw_ids,
    draw_story,
    draw_text,
    draw_translation,
    draw_words,
    make_pair,
    make_tokenizers,
    place_encoding,
    place_positions,
)

from grader.examiner import assert_moved, assert_parity


@pytest.mark.todo("encode", weight=2)
@pytest.mark.gpu
def test_an_encoding_moves_to_the_device(student, draw, device):
    """What was encoded can be sent to the device of a model, and is the same there."""
    words = draw_words(draw)
    _, theirs = make_tokenizers(student, "bert", words)
    text = draw_text(draw, words)
    encoded = student.encode_text(theirs, text)
    own, there = (student.define(standins.move)(encoded, place) for place in ("cpu", device))
    assert_moved(there, own, device, what="encoding on the device")


@pytest.mark.todo("contextual", weight=3)
@pytest.mark.gpu
def test_vectors_on_the_device(student, draw, device):
    """A model on the device gives its vectors and its table there."""
    place_encoding(student)
    pair = make_pair(student, draw, "bert")
    text = draw_text(draw, pair.words)
    own = student.contextual_embeddings(*pair.their_side, text), student.word_embedding_table(pair.theirs)
    pair.theirs.to(device)
    there = student.contextual_embeddings(*pair.their_side, text), student.word_embedding_table(pair.theirs)
    for actual, here, what in zip(there, own, ("contextual embeddings", "table"), strict=True):
        assert_moved(actual, here, device, what=f"{what} on the device")


@pytest.mark.todo("translate", weight=2)
@pytest.mark.gpu
def test_translation_on_the_device(student, draw, device):
    """A model on the device translates as it does on the CPU."""
    place_encoding(student)
    pair, text = draw_translation(student, draw, count=4)
    own = as_text(student.translate(*pair.their_side, text, max_new_tokens=4))
    pair.theirs.to(device)
    translated = as_text(student.translate(*pair.their_side, text, max_new_tokens=4))
    assert translated == own, "the translation on the device differs from the CPU's"


@pytest.mark.todo("fillmask.positions", weight=2)
@pytest.mark.gpu
def test_positions_of_ids_on_the_device(student, draw, device):
    """Masks are found in ids on the device."""
    mask = draw.integer(5, 20)
    masks = [[0, 3], [2, 1], [2, 6]]
    ids = draw_ids(draw, 3, mask, masks)
    own, there = (as_positions(student.mask_positions(ids.to(place), mask)) for place in ("cpu", device))
    assert there == own, "the positions on the device differ from the CPU's"


@pytest.mark.todo("fillmask.candidates", weight=2)
@pytest.mark.gpu
def test_candidates_on_the_device(student, draw, device):
    """A model on the device fills the blank as it does on the CPU."""
    place_positions(student)
    blank = draw_blank(student, draw, top_k=3)
    own = as_candidates(student.fill_mask(*blank.pair.their_side, blank.sentence, 3))
    blank.pair.theirs.to(device)
    candidates = as_candidates(student.fill_mask(*blank.pair.their_side, blank.sentence, 3))
    assert_parity(candidates, own, what="candidates on the device")


@pytest.mark.todo("continue", weight=2)
@pytest.mark.gpu
def test_story_on_the_device(student, draw, device):
    """A model on the device tells the same story as on the CPU."""
    place_encoding(student)
    pair, prompt = draw_story(student, draw, count=4)
    own = as_text(student.continue_story(*pair.their_side, prompt, max_new_tokens=4))
    pair.theirs.to(device)
    story = as_text(student.continue_story(*pair.their_side, prompt, max_new_tokens=4))
    assert story == own, "the story on the device differs from the CPU's"
