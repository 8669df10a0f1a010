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

from grader.examiner import assert_parity


@pytest.mark.todo("encode", points=2)
@pytest.mark.gpu
def test_an_encoding_moves_to_the_device(student, draw, device):
    """What was encoded can be sent to the device of a model, and is the same there."""
    words = draw_words(draw)
    ours, theirs = make_tokenizers(student, "bert", words)
    text = draw_text(draw, words)
    moved = student.define(standins.move)(student.encode_text(theirs, text), device)
    right = {name: tensor.to(device) for name, tensor in ours(text, return_tensors="pt").items()}
    for name, tensor in moved.items():
        assert_parity(tensor, right[name], what=f"{name} on the device")


@pytest.mark.todo("contextual", points=3)
@pytest.mark.gpu
def test_vectors_on_the_device(student, reference, draw, device):
    """A model on the device gives its vectors and its table there."""
    place_encoding(student)
    pair = make_pair(student, draw, "bert")
    text = draw_text(draw, pair.words)
    pair.theirs.to(device)
    right = reference.contextual_embeddings(*pair.our_side, text), reference.word_embedding_table(pair.ours)
    vectors = student.contextual_embeddings(*pair.their_side, text)
    table = student.word_embedding_table(pair.theirs)
    for actual, expected, what in zip((vectors, table), right, ("contextual embeddings", "table"), strict=True):
        assert_parity(actual.detach(), expected.detach().to(device), what=f"{what} on the device")


@pytest.mark.todo("translate", points=2)
@pytest.mark.gpu
def test_translation_on_the_device(student, reference, draw, device):
    """A model on the device translates as it does on the CPU."""
    place_encoding(student)
    pair, text = draw_translation(student, draw, count=4)
    right = as_text(reference.translate(*pair.our_side, text, max_new_tokens=4))
    pair.theirs.to(device)
    translated = as_text(student.translate(*pair.their_side, text, max_new_tokens=4))
    assert translated == right, "the translation on the device differs from the CPU's"


@pytest.mark.todo("fillmask.positions", points=2)
@pytest.mark.gpu
def test_positions_of_ids_on_the_device(student, draw, device):
    """Masks are found in ids on the device."""
    mask = draw.integer(5, 20)
    masks = [[0, 3], [2, 1], [2, 6]]
    found = as_positions(student.mask_positions(draw_ids(draw, 3, mask, masks).to(device), mask))
    assert found == masks, "the positions on the device differ from the CPU's"


@pytest.mark.todo("fillmask.candidates", points=2)
@pytest.mark.gpu
def test_candidates_on_the_device(student, reference, draw, device):
    """A model on the device fills the blank as it does on the CPU."""
    place_positions(student)
    blank = draw_blank(student, draw, top_k=3)
    right = as_candidates(reference.fill_mask(*blank.pair.our_side, blank.sentence, 3))
    blank.pair.theirs.to(device)
    candidates = as_candidates(student.fill_mask(*blank.pair.their_side, blank.sentence, 3))
    assert_parity(candidates, right, what="candidates on the device")


@pytest.mark.todo("continue", points=2)
@pytest.mark.gpu
def test_story_on_the_device(student, reference, draw, device):
    """A model on the device tells the same story as on the CPU."""
    place_encoding(student)
    pair, prompt = draw_story(student, draw, count=4)
    right = as_text(reference.continue_story(*pair.our_side, prompt, max_new_tokens=4))
    pair.theirs.to(device)
    story = as_text(student.continue_story(*pair.their_side, prompt, max_new_tokens=4))
    assert story == right, "the story on the device differs from the CPU's"
