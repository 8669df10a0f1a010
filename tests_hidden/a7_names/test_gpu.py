"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
import standins
import torch
from cases import (
    CATEGORIES,
    draw_batch,
    draw_cell,
    draw_classifier,
    draw_generator,
    draw_sure_writer,
    learn,
    make_lesson,
    send_classifier,
    send_generator,
    send_writer,
)

from grader.examiner import assert_moved, assert_parity


def assert_cell_moves(cell, inputs, device):
    """A cell gives on the device what it gives on the CPU."""
    own = cell(*inputs)
    assert_moved(cell(*(tensor.to(device) for tensor in inputs)), own, device, what="h on the device")


@pytest.mark.todo("cell.joined", weight=1)
@pytest.mark.gpu
def test_joined_cell_on_the_device(student, draw, device):
    """One step on the device equals the step on the CPU."""
    assert_cell_moves(student.joined_cell, draw_cell(draw), device)


@pytest.mark.todo("gru.cell", weight=1)
@pytest.mark.gpu
def test_gru_cell_on_the_device(student, draw, device):
    """One step on the device equals the step on the CPU."""
    assert_cell_moves(student.gru_cell, draw_cell(draw, gates=3), device)


@pytest.mark.todo("order", weight=1)
@pytest.mark.gpu
def test_bag_on_the_device(student, draw, device):
    """Table and ids on the device give the CPU's means there, with lengths beside them or on the CPU."""
    table, batch = draw.tensor(7, 5), draw_batch(draw, 7, [2, 4, 3], 5)
    own = student.bag_of_embeddings(table, batch.ids, batch.lengths)
    for lengths in (batch.lengths.to(device), batch.lengths):
        there = student.bag_of_embeddings(table.to(device), batch.ids.to(device), lengths)
        assert_moved(there, own, device, what="means on the device")


@pytest.mark.todo("classifier", weight=2)
@pytest.mark.gpu
def test_classifier_on_the_device(student, reference, draw, device):
    """Ids on the device give the CPU's log-probabilities there, with lengths beside them or on the CPU."""
    ours, sizes = draw_classifier(reference, draw)
    theirs, batch = send_classifier(student, ours, sizes), draw_batch(draw, sizes[0], [2, 4, 3], 5)
    own = theirs(batch.ids, batch.lengths)
    theirs.to(device)
    for lengths in (batch.lengths.to(device), batch.lengths):
        assert_moved(theirs(batch.ids.to(device), lengths), own, device, what="log-probabilities on the device")
    # And back: what was made on the device must not stay there.
    assert_moved(theirs.to("cpu")(batch.ids, batch.lengths), own, "cpu", what="log-probabilities back on the CPU")


@pytest.mark.todo("clip", weight=1)
@pytest.mark.gpu
def test_clipping_on_the_device(student, draw, device):
    """Gradients on the device are clipped there."""
    gradients = [draw.tensor(3, 2, scale=4.0), draw.tensor(5, scale=4.0)]
    clip_and_read = student.define(standins.clip_and_read)
    norm, own, _ = clip_and_read(student.clip_gradients, gradients, 1.0)
    there_norm, there, _ = clip_and_read(student.clip_gradients, [gradient.to(device) for gradient in gradients], 1.0)
    assert abs(float(there_norm) - float(norm)) < 1e-3, "the norm differs on the device"
    assert_moved(there, own, device, what="clipped gradients on the device")


@pytest.mark.todo("train", weight=1)
@pytest.mark.gpu
def test_training_on_the_device(student, draw, device):
    """A model and its batches on the device give the CPU's losses."""
    lesson = make_lesson(student, draw, count=3)
    own = learn(student, lesson, 0.5)
    lesson.theirs.load_state_dict(lesson.ours.state_dict())
    lesson.theirs.to(device)
    batches = [tuple(tensor.to(device) for tensor in batch) for batch in lesson.batches]
    assert_parity(learn(student, lesson, 0.5, batches=batches), own, what="the losses on the device")


@pytest.mark.todo("confusion", weight=1)
@pytest.mark.gpu
def test_matrix_on_the_device(student, draw, device):
    """Guesses on the device are counted there."""
    predicted, actual = draw.ids(4, 30), draw.ids(4, 30)
    own = student.confusion_matrix(predicted, actual, 5)
    there = student.confusion_matrix(predicted.to(device), actual.to(device), 5)
    assert_moved(there, own, device, what="matrix on the device")


@pytest.mark.todo("generator", weight=1)
@pytest.mark.gpu
def test_generator_on_the_device(student, reference, draw, device):
    """Category and ids on the device give the CPU's logits there."""
    ours, sizes = draw_generator(reference, draw)
    theirs, category, ids = send_generator(student, ours, sizes), draw.ids(sizes[0], 3), draw.ids(sizes[1], 3, 4)
    own = theirs(category, ids)
    assert_moved(theirs.to(device)(category.to(device), ids.to(device)), own, device, what="logits on the device")


@pytest.mark.todo("sample", weight=1)
@pytest.mark.gpu
def test_writing_on_the_device(student, draw, device):
    """A model on the device writes what it writes on the CPU, greedily and by a draw."""
    ours, _ = draw_sure_writer(draw, lambda paths: max(map(len, paths)) > 3)
    model, vocab = send_writer(student, ours)
    own = [student.sample_name(model, vocab, category) for category in range(CATEGORIES)]
    model.to(device)
    there = [student.sample_name(model, vocab, category) for category in range(CATEGORIES)]
    assert there == own, "the names differ on the device"
    assert isinstance(student.sample_name(model, vocab, 0, temperature=1.0), str), "drawing should work there, too"


@pytest.mark.todo("bug.temperature", weight=1)
@pytest.mark.gpu
def test_probabilities_on_the_device(student, draw, device):
    """Logits on the device give the right probabilities there."""
    logits = draw.tensor(9)
    found = student.cool(logits.to(device), 0.5)
    assert_moved(found, (logits / 0.5).softmax(0), device, what="the probabilities on the device")


@pytest.mark.todo("bug.directions", weight=1)
@pytest.mark.gpu
def test_directions_on_the_device(student, draw, device):
    """States on the device are joined there."""
    h_n = draw.tensor(2, 3, 4)
    found = student.join_directions(h_n.to(device))
    assert_moved(found, torch.cat([h_n[0], h_n[1]], dim=1), device, what="the joined states on the device")
