"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
import standins
from cases import (
    draw_bahdanau,
    draw_decoder,
    draw_lengths,
    draw_luong,
    make_attndecoder,
    make_decoder,
    make_model,
)

from grader.examiner import as_ids, assert_moved, draw_batch, load_weights, place_step


def run_luong(student, reference, draw, device):
    """A submission's LuongAttention on the CPU and on the device: its result here, its result there."""
    theirs, inputs = make_luong(student, reference, draw)
    own = theirs(*inputs)
    return own, theirs.to(device)(*(tensor.to(device) for tensor in inputs))


def make_luong(student, reference, draw):
    """A submission's LuongAttention and inputs for it."""
    ours, *inputs = draw_luong(reference, draw)
    theirs = student.LuongAttention(len(inputs[0]))
    load_weights(theirs, ours)
    return theirs, inputs


@pytest.mark.todo("luong.score", weight=2)
@pytest.mark.gpu
def test_scores_on_the_device(student, reference, draw, device):
    """Scores on the device are those on the CPU, as the weights show."""
    theirs, inputs = make_luong(student, reference, draw)
    own = theirs(*inputs)[1]
    moved = [tensor.to(device) for tensor in inputs]
    weights = theirs.to(device)(*moved)[1]
    assert_moved(weights.cpu(), own, "cpu", what="weights that the scores give on the device")
    # Where the weights are elsewhere it may be the softmax, which is its own TODO, or what it was given.
    scores = student.define(standins.Watcher)().softmax_inputs(theirs, *moved)
    is_there = weights.device == moved[0].device or all(row.device == moved[0].device for row in scores)
    assert is_there, "the scores should be where h_t is"


@pytest.mark.todo("luong.weights", weight=2)
@pytest.mark.gpu
def test_weights_on_the_device(student, reference, draw, device):
    """The weights are on the device of the inputs and equal the CPU's."""
    own, there = run_luong(student, reference, draw, device)
    assert_moved(there[1], own[1], device, what="attention weights on the device")


@pytest.mark.todo("luong.context", weight=2)
@pytest.mark.gpu
def test_context_on_the_device(student, reference, draw, device):
    """The context is on the device of the inputs and equals the CPU's."""
    own, there = run_luong(student, reference, draw, device)
    assert_moved(there[0], own[0], device, what="context vector on the device")


@pytest.mark.todo("decoder.attentional", weight=3)
@pytest.mark.gpu
def test_decoding_on_the_device(student, reference, draw, device):
    """Decoding runs on the device and chooses the same tokens as on the CPU."""
    case = draw_decoder(reference, draw, ends=True)
    theirs = make_decoder(student, case, load_weights)
    own_logits, own_ids = theirs(*case.inputs, max_len=case.max_len)
    logits, token_ids = theirs.to(device)(*(tensor.to(device) for tensor in case.inputs), max_len=case.max_len)
    assert_moved(logits, own_logits, device, what="logits on the device")
    assert as_ids(token_ids) == as_ids(own_ids), "the ids on the device differ from those on the CPU"


@pytest.mark.todo("attention.seq2seq", weight=1)
@pytest.mark.gpu
def test_model_on_the_device(student, draw, device):
    """The model's parts move with it, and its result is on the device."""
    model = make_model(student, draw)
    input_ids = draw.ids(9, draw.integer(3, 8), low=1)
    own = model.theirs(input_ids)[0]
    assert_moved(model.theirs.to(device)(input_ids.to(device))[0], own, device, what="logits on the device")


@pytest.mark.todo("bahdanau", weight=2)
@pytest.mark.gpu
def test_additive_attention_on_the_device(student, reference, draw, device):
    """Context and weights on the device equal those on the CPU."""
    ours, *inputs = draw_bahdanau(reference, draw)
    theirs = student.BahdanauAttention(inputs[0].size(-1))
    load_weights(theirs, ours)
    own = theirs(*inputs)
    there = theirs.to(device)(*(tensor.to(device) for tensor in inputs))
    assert_moved(there, own, device, what="context and weights on the device")
    # And back: what was made on the device must not stay there.
    assert_moved(theirs.to("cpu")(*inputs), own, "cpu", what="context and weights back on the CPU")


@pytest.mark.todo("attndecoder.step", weight=2)
@pytest.mark.gpu
def test_a_step_on_the_device(student, reference, draw, device):
    """A step runs on the device and gives the CPU's numbers."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = batch.token, batch.hidden, batch.encoder_outputs
    own = pair.theirs.forward_step(*inputs)
    pair.theirs.to(device)
    there = pair.theirs.forward_step(*(tensor.to(device) for tensor in inputs))
    assert_moved(there, own, device, what="output, state and weights of a step on the device")


@pytest.mark.todo("attndecoder.decode", weight=1)
@pytest.mark.gpu
def test_decoding_a_batch_on_the_device(student, reference, draw, device):
    """The first input is made on the device, and the results are there."""
    pair = make_attndecoder(student, reference, draw, load_weights)
    place_step(student, pair, standins.CannedStep)
    batch = draw_batch(draw, pair.vocab_size, pair.hidden_size)
    inputs = batch.encoder_outputs, batch.hidden, batch.target
    own = pair.theirs(*inputs)
    pair.theirs.to(device)
    there = pair.theirs(*(tensor.to(device) for tensor in inputs))
    assert_moved(there, own, device, what="results of decoding on the device")


@pytest.mark.todo("masking", weight=1)
@pytest.mark.gpu
def test_lengths_may_be_on_either_device(student, draw, device):
    """Scores on the device are masked by lengths on the device or on the CPU."""
    positions = draw.integer(5, 9)
    scores, lengths = draw.tensor(3, positions), draw_lengths(draw, 3, positions)
    own = student.masked_weights(scores, lengths)
    for place in ("cpu", device):
        there = student.masked_weights(scores.to(device), lengths.to(place))
        assert_moved(there, own, device, what="masked weights on the device")
