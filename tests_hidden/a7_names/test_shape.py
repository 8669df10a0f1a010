"""Shapes: what comes back has the form that the handout promises."""

import pytest
import standins
import torch
from cases import (
    CATEGORIES,
    LETTERS,
    as_floats,
    draw_batch,
    draw_cell,
    draw_classifier,
    draw_generator,
    draw_names,
    learn,
    make_dice,
    make_lesson,
    measure_distance,
    send_classifier,
    send_generator,
)

from grader.examiner import assert_shape


@pytest.mark.todo("vocab", weight=1)
@pytest.mark.shape
def test_encode_gives_an_id_for_each_character(student, draw):
    """There is one plain id for each character, and as many ids in all as the vocabulary is long."""
    names = draw_names(draw, 5)
    vocab = student.NameVocab(names)
    characters = {character for name in names for character in name.lower()}
    assert len(vocab) == len(characters) + 3, "the vocabulary should hold the characters and three specials"
    for name in names:
        ids = vocab.encode(name)
        assert isinstance(ids, list) and all(type(index) is int for index in ids), "expected a list of ints"
        assert len(ids) == len(name), "there should be one id for each character, and nothing else"


@pytest.mark.todo("cell.joined", weight=1)
@pytest.mark.shape
def test_joined_cell_gives_one_state(student, draw):
    """The cell turns x [E] and h [H] into a state [H]."""
    assert_states_differ(student.joined_cell, draw_cell(draw), draw)
    for inputs in (draw_cell(draw, sizes=(1, 1)), draw_cell(draw, sizes=(1, 2))):
        assert_shape(student.joined_cell(*inputs), tuple(inputs[1].shape), what="h")


def assert_states_differ(cell, inputs, draw):
    """A cell gives one state, and after other inputs of the same sizes another one."""
    first = cell(*inputs)
    assert_shape(first, tuple(inputs[1].shape), what="h")
    second = cell(*(draw.tensor(*tensor.shape) for tensor in inputs))
    assert measure_distance(second, first) > 1e-3, "other inputs should give another state"


@pytest.mark.todo("gru.cell", weight=1)
@pytest.mark.shape
def test_gru_cell_gives_one_state(student, draw):
    """The cell turns x [E] and h [H] into a state [H]."""
    assert_states_differ(student.gru_cell, draw_cell(draw, gates=3), draw)
    for inputs in (draw_cell(draw, gates=3, sizes=(1, 1)), draw_cell(draw, gates=3, sizes=(1, 2))):
        assert_shape(student.gru_cell(*inputs), tuple(inputs[1].shape), what="h")


@pytest.mark.todo("order", weight=1)
@pytest.mark.shape
def test_bag_gives_a_vector_for_each_name(student, draw):
    """A batch gives [B,E], a batch of one [1,E]."""
    rows, size = draw.sizes(2, low=6)
    for lengths, longest, width in (([4, 2, 3], 5, size), ([1], 5, size), ([2, 1, 1], 2, 1)):
        batch = draw_batch(draw, rows, lengths, longest)
        found = student.bag_of_embeddings(draw.tensor(rows, width), batch.ids, batch.lengths)
        assert_shape(found, (len(lengths), width), what="means")


@pytest.mark.todo("classifier", weight=1)
@pytest.mark.shape
def test_classifier_gives_a_row_for_each_name(student, reference, draw):
    """A batch of names gives [B,C], a batch of one [1,C]."""
    ours, sizes = draw_classifier(reference, draw)
    theirs = send_classifier(student, ours, sizes)
    for lengths in ([5, 2, 4], [3]):
        batch = draw_batch(draw, sizes[0], lengths, 5)
        assert_shape(theirs(batch.ids, batch.lengths), (len(lengths), sizes[-1]), what="log-probabilities")


@pytest.mark.todo("clip", weight=1)
@pytest.mark.shape
def test_norm_is_one_number(student, draw):
    """The norm is a number, also where there is nothing to clip."""
    clip_and_read = student.define(standins.clip_and_read)
    for gradients in ([draw.tensor(3, 2), draw.tensor(4)], [None]):
        norm, _, _ = clip_and_read(student.clip_gradients, gradients, 1.0)
        assert isinstance(float(norm), float), "the norm should be one number"
    assert float(norm) == 0.0, "without gradients the norm is 0"


@pytest.mark.todo("train", weight=1)
@pytest.mark.shape
def test_each_batch_has_a_loss(student, draw):
    """There is a loss for each batch, for a single one, too."""
    lesson = make_lesson(student, draw, count=4)
    found = [as_floats(learn(student, lesson, 0.1, batches=lesson.batches[:count])) for count in (4, 4, 1)]
    for losses, count in zip(found, (4, 4, 1), strict=True):
        assert len(losses) == count, f"{count} batches have {count} losses, not {len(losses)}"
    assert found[0] != found[1], "the same batches should have other losses once the model has learnt from them"


@pytest.mark.todo("confusion", weight=1)
@pytest.mark.shape
def test_matrix_has_a_row_for_each_class(student, draw):
    """The matrix is [C,C] and holds integers, however few classes occur."""
    classes = draw.integer(4, 7)
    for predicted, actual in (([1, 0, 1], [1, 1, 0]), ([1], [0])):
        found = student.confusion_matrix(torch.tensor(predicted), torch.tensor(actual), classes)
        assert_shape(found, (classes, classes), what="matrix")
        assert found.dtype == torch.int64, f"the matrix holds {found.dtype}: counts are int64"


@pytest.mark.todo("generator", weight=1)
@pytest.mark.shape
def test_generator_gives_logits_at_every_step(student, reference, draw):
    """A batch gives [B,S,V], a single id [1,1,V]."""
    ours, sizes = draw_generator(reference, draw)
    theirs = send_generator(student, ours, sizes)
    for batch, steps in ((3, 5), (4, 2), (1, 1)):
        logits = theirs(draw.ids(sizes[0], batch), draw.ids(sizes[1], batch, steps))
        assert_shape(logits, (batch, steps, sizes[1]), what="logits")


@pytest.mark.todo("sample", weight=1)
@pytest.mark.shape
def test_name_is_a_short_string(student, draw):
    """A name is a string of known characters, at most max_len of them, with and without a temperature."""
    logits = draw.tensor(len(LETTERS) + 3)
    logits[:3] = -20.0
    logits[2] = -1e4
    model, vocab = make_dice(student, logits)
    for max_len, options in ((7, {}), (1, {"temperature": 1.0}), (9, {"temperature": 2.0}), (20, {})):
        name = student.sample_name(model, vocab, draw.integer(0, CATEGORIES - 1), max_len=max_len, **options)
        assert isinstance(name, str), "the name should be a string"
        assert len(name) == max_len, f"without an end {max_len} characters should come, not {len(name)}"
        assert set(name) <= set(LETTERS), "every character should come from the vocabulary"
