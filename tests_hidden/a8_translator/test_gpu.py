"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
from cases import (
    SOURCE_SIZE,
    draw_attention,
    draw_decoding,
    draw_encoder,
    draw_pair,
    draw_reading,
    draw_sorting,
    draw_source,
    draw_words_outputs,
    learn,
    make_decoder,
    make_lesson,
    read_beam,
    run_each,
    send_module,
    send_pair,
)

from grader.examiner import as_ids, assert_moved, assert_parity


@pytest.mark.todo("loss", weight=1)
@pytest.mark.gpu
def test_loss_on_the_device(student, draw, device):
    """Logits and targets on the device give the CPU's loss there."""
    logits, targets = draw.tensor(2, 4, 7), draw.ids(7, 2, 4)
    targets[0, 0] = 3
    own = student.masked_loss(logits, targets, 0)
    assert_moved(student.masked_loss(logits.to(device), targets.to(device), 0), own, device, what="loss on the device")


@pytest.mark.todo("encoder", weight=2)
@pytest.mark.gpu
def test_encoder_on_the_device(student, reference, draw, device):
    """A source on the device gives the CPU's results there, with lengths beside it or on the CPU."""
    ours, sizes = draw_encoder(reference, draw)
    theirs, source = send_module(student, "Encoder", ours, sizes), draw_source(draw, sizes[0], [2, 4, 3], 5)
    own = theirs(source.src, source.lengths)
    theirs.to(device)
    for lengths in (source.lengths.to(device), source.lengths):
        assert_moved(theirs(source.src.to(device), lengths), own, device, what="(outputs, state) on the device")


@pytest.mark.todo("attention", weight=1)
@pytest.mark.gpu
def test_attention_on_the_device(student, reference, draw, device):
    """Attention moves to the device with all it needs."""
    ours, sizes, case = draw_attention(reference, draw)
    theirs = send_module(student, "AdditiveAttention", ours, sizes)
    inputs = (case.query, case.keys, case.mask)
    own = theirs(*inputs)
    there = theirs.to(device)(*(tensor.to(device) for tensor in inputs))
    assert_moved(there, own, device, what="(context, weights) on the device")


@pytest.mark.todo("decoder", weight=1)
@pytest.mark.gpu
def test_decoder_on_the_device(student, reference, draw, monkeypatch, device):
    """The decoder moves to the device with all it needs, and back."""
    _, theirs, sizes = make_decoder(student, reference, draw, monkeypatch)
    inputs = draw_decoding(draw, sizes, steps=3)
    own = theirs(*inputs)
    there = theirs.to(device)(*(tensor.to(device) for tensor in inputs))
    assert_moved(there, own, device, what="(logits, weights) on the device")
    assert_moved(theirs.to("cpu")(*inputs), own, "cpu", what="(logits, weights) back on the CPU")


@pytest.mark.todo("train", weight=1)
@pytest.mark.gpu
def test_training_on_the_device(student, draw, device):
    """A model and its batches on the device give the CPU's loss."""
    lesson = make_lesson(student, draw, count=2)
    own = learn(student, lesson, 0.3)
    lesson.theirs.load_state_dict(lesson.ours.state_dict())
    lesson.theirs.to(device)
    parts = [tuple(tensor.to(device) for tensor in batch) for batch in lesson.parts]
    assert_parity(learn(student, lesson, 0.3, parts=parts), own, what="the loss on the device")


@pytest.mark.todo("translate", weight=1)
@pytest.mark.gpu
def test_translating_on_the_device(student, draw, device):
    """A model and a source on the device give the CPU's translations, with lengths beside the source or on the CPU."""
    reading = draw_reading(draw, lambda rows: sum(map(len, rows)) > 6)
    theirs = send_pair(student, reading.ours)
    own = student.translate(theirs, reading.source.src, reading.source.lengths, max_len=6)
    theirs.to(device)
    for lengths in (reading.source.lengths.to(device), reading.source.lengths):
        there = student.translate(theirs, reading.source.src.to(device), lengths, max_len=6)
        assert [as_ids(row) for row in there] == [as_ids(row) for row in own], "the translations differ on the device"


@pytest.mark.todo("beam", weight=1)
@pytest.mark.gpu
def test_beam_on_the_device(student, draw, device):
    """A model and a source on the device give the CPU's hypotheses."""
    theirs, src = send_pair(student, draw_pair(draw, SOURCE_SIZE)), draw.ids(SOURCE_SIZE, 4, low=4)
    own = read_beam(student.beam_search(theirs, src, 2, max_len=4))
    there = read_beam(student.beam_search(theirs.to(device), src.to(device), 2, max_len=4))
    assert [ids for _, ids in there] == [ids for _, ids in own], "the hypotheses differ on the device"


@pytest.mark.todo("bug.average", weight=1)
@pytest.mark.gpu
def test_means_on_the_device(student, reference, draw, device):
    """Outputs on the device give the right means there, with lengths beside them or on the CPU."""
    outputs, lengths = draw_words_outputs(draw)
    right = reference.average_words(outputs, lengths)
    for there in (lengths.to(device), lengths):
        assert_moved(student.average_words(outputs.to(device), there), right, device, what="the means on the device")


@pytest.mark.todo("bug.sorted", weight=1)
@pytest.mark.gpu
def test_sorting_on_the_device(student, draw, device):
    """A GRU and its inputs on the device give the right outputs there."""
    ours, theirs, embedded, lengths = draw_sorting(student, draw)
    right = run_each(ours, embedded, lengths)
    there = student.run_sorted(theirs.to(device), embedded.to(device), lengths.to(device))
    assert_moved(there, right, device, what="(outputs, h_n) on the device")
