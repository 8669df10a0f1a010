"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
import standins
import torch
from cases import (
    LETTERS,
    as_floats,
    draw_cell,
    draw_head,
    draw_models,
    draw_writers,
    keep_real,
    make_layers,
    send_model,
)

from grader.examiner import assert_moved, load_weights


@pytest.mark.todo("cell.rnn", weight=1)
@pytest.mark.gpu
def test_cell_on_the_device(student, draw, device):
    """One step on the device equals the step on the CPU."""
    inputs = draw_cell(draw)
    own = student.rnn_cell(*inputs)
    assert_moved(student.rnn_cell(*(tensor.to(device) for tensor in inputs)), own, device, what="h_t on the device")


@pytest.mark.todo("unroll", weight=1)
@pytest.mark.gpu
def test_unroll_on_the_device(student, draw, device):
    """Unrolling on the device equals unrolling on the CPU."""
    student.replace(rnn_cell=standins.leaky_cell)
    inputs = draw_cell(draw, steps=5)
    own = student.unroll(*inputs)
    assert_moved(student.unroll(*(tensor.to(device) for tensor in inputs)), own, device, what="states on the device")


def move_head(student, reference, draw, device, name):
    """A submission's head on the device, its logits on the CPU, ids and lengths."""
    student.replace(run_packed=standins.canned_packed)
    ours, sizes, ids, lengths = draw_head(reference, draw, name, [2, 4, 3], longest=5)
    theirs = getattr(student, name)(*sizes)
    load_weights(theirs, ours)
    own = theirs(ids, lengths)
    theirs.to(device)
    return theirs, own, ids, lengths


@pytest.mark.todo("heads.classify", weight=1)
@pytest.mark.gpu
def test_classifier_on_the_device(student, reference, draw, device):
    """Ids and lengths on the device give the CPU's logits there."""
    theirs, own, ids, lengths = move_head(student, reference, draw, device, "SentenceClassifier")
    assert_moved(theirs(ids.to(device), lengths.to(device)), own, device, what="logits on the device")
    # And back: what was made on the device must not stay there.
    assert_moved(theirs.to("cpu")(ids, lengths), own, "cpu", what="logits back on the CPU")


@pytest.mark.todo("heads.classify", weight=1)
@pytest.mark.gpu
def test_lengths_may_stay_on_the_cpu(student, reference, draw, device):
    """Lengths on the CPU do as well as lengths beside the ids."""
    theirs, own, ids, lengths = move_head(student, reference, draw, device, "SentenceClassifier")
    assert_moved(theirs(ids.to(device), lengths), own, device, what="logits on the device, lengths on the CPU")


@pytest.mark.todo("heads.tag", weight=1)
@pytest.mark.gpu
def test_tagger_on_the_device(student, reference, draw, device):
    """Ids on the device give the CPU's logits there."""
    theirs, own, ids, lengths = move_head(student, reference, draw, device, "TokenTagger")
    found = keep_real(theirs(ids.to(device), lengths.to(device)), lengths)
    assert_moved(found, keep_real(own, lengths), device, what="logits on the device")


@pytest.mark.todo("packing", weight=1)
@pytest.mark.gpu
def test_packing_on_the_device(student, draw, device):
    """Embeddings and lengths on the device give each sequence's own states there."""
    width, hidden = draw.sizes(2)
    _, theirs = make_layers(student, draw, "LSTM", width, hidden)
    embeddings, lengths = draw.tensor(5, 3, width), torch.tensor([3, 5, 2])
    own_outputs, own_state = student.run_packed(theirs, embeddings, lengths)
    theirs.to(device)
    outputs, state = student.run_packed(theirs, embeddings.to(device), lengths.to(device))
    own_real, real = (keep_real(rows.transpose(0, 1), lengths) for rows in (own_outputs, outputs))
    assert_moved(real, own_real, device, what="outputs on the device")
    assert_moved(state, own_state, device, what="(h_n, c_n) on the device")


@pytest.mark.todo("charlm.step", weight=1)
@pytest.mark.gpu
def test_step_on_the_device(student, reference, draw, device):
    """A model on the device makes its first state there, and steps as on the CPU."""
    student.replace(rnn_cell=standins.leaky_cell)
    models = draw_models(reference, draw, *draw.sizes(2))
    theirs = student.CharRNN(models[0].vocab_size, models[0].hidden_size)
    load_weights(theirs, models[1])
    x = torch.eye(models[0].vocab_size)[1]
    own = theirs.step(x, theirs.init_hidden())
    theirs.to(device)
    assert_moved(theirs.step(x.to(device), theirs.init_hidden()), own, device, what="logits and state on the device")


@pytest.mark.todo("charlm.generate", weight=1)
@pytest.mark.gpu
def test_writing_on_the_device(student, reference, draw, device):
    """A model on the device writes what it writes on the CPU."""
    leaky, _ = draw_writers(reference, draw, ["라나a"], 6)
    model = send_model(student, leaky)
    vocab = student.define(standins.Letters)(LETTERS)
    own = student.generate(model, vocab, "라나a", 6)
    model.to(device)
    assert student.generate(model, vocab, "라나a", 6) == own, "the text differs on the device"


def train(student, theirs, ours, ids):
    """The losses of a lesson that starts from our weights."""
    theirs.load_state_dict(ours.state_dict())
    theirs.zero_grad()
    return as_floats(student.truncated_bptt(theirs, ids, 3, student.define(standins.make_sgd)(theirs, 0.02)))


@pytest.mark.todo("bptt", weight=1)
@pytest.mark.gpu
def test_training_on_the_device(student, reference, draw, device):
    """A model on the device is trained there, with the CPU's losses."""
    models = draw_models(reference, draw, *draw.sizes(2))
    ids = draw.ids(models[0].vocab_size, 8).tolist()
    theirs = send_model(student, models[0])
    own, there = (train(student, theirs.to(place), models[0], ids) for place in ("cpu", device))
    assert_moved(there, own, device, what="the losses on the device")


@pytest.mark.todo("vanishing", weight=1)
@pytest.mark.gpu
def test_norms_on_the_device(student, draw, device):
    """Norms of a network on the device are those of the CPU, there."""
    width, hidden = draw.sizes(2)
    _, theirs = make_layers(student, draw, "LSTM", width, hidden)
    x = draw.tensor(6, width)
    own = student.gradient_norms(theirs, x)
    there = student.gradient_norms(theirs.to(device), x.to(device))
    assert_moved(there, own, device, what="norms on the device")
