"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
import standins
import torch
from cases import (
    LETTERS,
    as_floats,
    choose_training,
    classify_packed,
    closest,
    draw_cell,
    draw_head,
    draw_models,
    draw_writers,
    keep_real,
    make_layers,
    run_alone,
    send_model,
    tag_packed,
    train_reference,
    unroll_leaky,
)

from grader.examiner import assert_parity, load_weights


@pytest.mark.todo("cell.rnn", points=1)
@pytest.mark.gpu
def test_cell_on_the_device(student, reference, draw, device):
    """One step on the device equals the step on the CPU."""
    inputs = draw_cell(draw)
    found = student.rnn_cell(*(tensor.to(device) for tensor in inputs))
    assert_parity(found, reference.rnn_cell(*inputs).to(device), what="h_t on the device")


@pytest.mark.todo("unroll", points=1)
@pytest.mark.gpu
def test_unroll_on_the_device(student, reference, draw, device):
    """Unrolling on the device equals unrolling on the CPU."""
    student.replace(rnn_cell=standins.leaky_cell)
    inputs = draw_cell(draw, steps=5)
    found = student.unroll(*(tensor.to(device) for tensor in inputs))
    expected = closest(found, reference.unroll(*inputs), unroll_leaky(*inputs))
    assert_parity(found, [tensor.to(device) for tensor in expected], what="states on the device")


def move_head(student, reference, draw, device, name):
    """A submission's head on the device, our own, ids and lengths."""
    student.replace(run_packed=standins.canned_packed)
    ours, sizes, ids, lengths = draw_head(reference, draw, name, [2, 4, 3], longest=5)
    theirs = getattr(student, name)(*sizes)
    load_weights(theirs, ours)
    theirs.to(device)
    return theirs, ours, ids, lengths


@pytest.mark.todo("heads.classify", points=1)
@pytest.mark.gpu
def test_classifier_on_the_device(student, reference, draw, device):
    """Ids and lengths on the device give the CPU's logits there."""
    theirs, ours, ids, lengths = move_head(student, reference, draw, device, "SentenceClassifier")
    found = theirs(ids.to(device), lengths.to(device))
    expected = closest(found, ours(ids, lengths), classify_packed(ours, ids, lengths))
    assert_parity(found, expected.to(device), what="logits on the device")
    # And back: what was made on the device must not stay there.
    assert_parity(theirs.to("cpu")(ids, lengths), expected, what="logits back on the CPU")


@pytest.mark.todo("heads.classify", points=1)
@pytest.mark.gpu
def test_lengths_may_stay_on_the_cpu(student, reference, draw, device):
    """Lengths on the CPU do as well as lengths beside the ids."""
    theirs, ours, ids, lengths = move_head(student, reference, draw, device, "SentenceClassifier")
    found = theirs(ids.to(device), lengths)
    expected = closest(found, ours(ids, lengths), classify_packed(ours, ids, lengths))
    assert_parity(found, expected.to(device), what="logits on the device, lengths on the CPU")


@pytest.mark.todo("heads.tag", points=1)
@pytest.mark.gpu
def test_tagger_on_the_device(student, reference, draw, device):
    """Ids on the device give the CPU's logits there."""
    theirs, ours, ids, lengths = move_head(student, reference, draw, device, "TokenTagger")
    found = keep_real(theirs(ids.to(device), lengths.to(device)), lengths)
    expected = closest(
        found, *(keep_real(logits, lengths) for logits in (ours(ids, lengths), tag_packed(ours, ids, lengths)))
    )
    assert_parity(found, expected.to(device), what="logits on the device")


@pytest.mark.todo("packing", points=1)
@pytest.mark.gpu
def test_packing_on_the_device(student, draw, device):
    """Embeddings and lengths on the device give each sequence's own states there."""
    width, hidden = draw.sizes(2)
    ours, theirs = make_layers(student, draw, "LSTM", width, hidden)
    theirs.to(device)
    embeddings, lengths = draw.tensor(5, 3, width), torch.tensor([3, 5, 2])
    outputs, state = student.run_packed(theirs, embeddings.to(device), lengths.to(device))
    expected_outputs, expected_state = run_alone(ours, embeddings, lengths)
    real = keep_real(outputs.transpose(0, 1), lengths)
    assert_parity(real, expected_outputs.to(device), what="outputs on the device")
    assert_parity(state, tuple(part.to(device) for part in expected_state), what="(h_n, c_n) on the device")


@pytest.mark.todo("charlm.step", points=1)
@pytest.mark.gpu
def test_step_on_the_device(student, reference, draw, device):
    """A model on the device makes its first state there, and steps as on the CPU."""
    student.replace(rnn_cell=standins.leaky_cell)
    models = draw_models(reference, draw, *draw.sizes(2))
    theirs = student.CharRNN(models[0].vocab_size, models[0].hidden_size)
    load_weights(theirs, models[1])
    theirs.to(device)
    x = torch.eye(models[0].vocab_size)[1]
    found = theirs.step(x.to(device), theirs.init_hidden())
    expected = closest(found, *(model.step(x, model.init_hidden()) for model in models))
    assert_parity(found, [tensor.to(device) for tensor in expected], what="logits and state on the device")


@pytest.mark.todo("charlm.generate", points=1)
@pytest.mark.gpu
def test_writing_on_the_device(student, reference, draw, device):
    """A model on the device writes what it writes on the CPU."""
    leaky, texts = draw_writers(reference, draw, ["라나a"], 6)
    model = send_model(student, leaky)
    model.to(device)
    vocab = student.define(standins.Letters)(LETTERS)
    found = student.generate(model, vocab, "라나a", 6)
    assert found in [text[0] for text in texts], "the text differs on the device"


@pytest.mark.todo("bptt", points=1)
@pytest.mark.gpu
def test_training_on_the_device(student, reference, draw, device):
    """A model on the device is trained there, with the CPU's losses."""
    models = draw_models(reference, draw, *draw.sizes(2))
    ids = draw.ids(models[0].vocab_size, 8).tolist()
    theirs = send_model(student, models[0])
    theirs.to(device)
    found = as_floats(student.truncated_bptt(theirs, ids, 3, student.define(standins.make_sgd)(theirs, 0.2)))
    trainings = [train_reference(reference, model, ids, 3, 0.2) for model in models]
    assert_parity(found, choose_training(found, trainings).losses, what="the losses on the device")


@pytest.mark.todo("vanishing", points=1)
@pytest.mark.gpu
def test_norms_on_the_device(student, reference, draw, device):
    """Norms of a network on the device are those of the CPU, there."""
    width, hidden = draw.sizes(2)
    ours, theirs = make_layers(student, draw, "LSTM", width, hidden)
    theirs.to(device)
    x = draw.tensor(6, width)
    expected = reference.gradient_norms(ours, x).to(device)
    assert_parity(student.gradient_norms(theirs, x.to(device)), expected, what="norms on the device")
