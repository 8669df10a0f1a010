"""GPU: the result is on the device of the inputs, and the numbers are those of the CPU."""

import pytest
import standins
from cases import draw_attention, make_block, make_model, make_writer, send_attention, write

from grader.examiner import assert_moved


@pytest.mark.todo("attention.causal", weight=2)
@pytest.mark.gpu
def test_attention_on_the_device(student, reference, draw, device):
    """Attention moves to the device with all it needs, and back."""
    ours, x = draw_attention(reference, draw)
    theirs = send_attention(student, ours)
    own = theirs(x)
    assert_moved(theirs.to(device)(x.to(device)), own, device, what="output on the device")
    # And back: what was made on the device must not stay there.
    assert_moved(theirs.to("cpu")(x), own, "cpu", what="output back on the CPU")


@pytest.mark.todo("block", weight=1)
@pytest.mark.gpu
def test_block_on_the_device(student, reference, draw, monkeypatch, device):
    """The block moves to the device with all it needs."""
    _, theirs, d_model = make_block(student, reference, draw, monkeypatch)
    x = draw.tensor(2, 5, d_model)
    own = theirs(x)
    assert_moved(theirs.to(device)(x.to(device)), own, device, what="output on the device")


@pytest.mark.todo("model", weight=2)
@pytest.mark.gpu
def test_model_on_the_device(student, reference, draw, monkeypatch, device):
    """The model moves to the device with all it needs, positions too, and back."""
    case = make_model(student, reference, draw, monkeypatch)
    ids = draw.ids(case.vocab_size, 2, 4)
    own = case.theirs(ids)
    assert_moved(case.theirs.to(device)(ids.to(device)), own, device, what="logits on the device")
    assert_moved(case.theirs.to("cpu")(ids), own, "cpu", what="logits back on the CPU")


@pytest.mark.todo("loss", weight=1)
@pytest.mark.gpu
def test_loss_on_the_device(student, draw, device):
    """The loss of logits on the device is that of the CPU, there."""
    vocab_size, steps = draw.sizes(2)
    logits, ids = draw.tensor(2, steps, vocab_size), draw.ids(vocab_size, 2, steps)
    own = student.next_token_loss(logits, ids)
    assert_moved(student.next_token_loss(logits.to(device), ids.to(device)), own, device, what="loss on the device")


@pytest.mark.todo("sample", weight=1)
@pytest.mark.gpu
def test_choice_on_the_device(student, draw, device):
    """Logits on the device are filtered there, and the best one is found."""
    logits = draw.tensor(9)
    for options in ({"temperature": 0}, {"top_k": 1}, {"top_p": 1e-6}):
        own = student.choose_token(logits, **options)
        assert student.choose_token(logits.to(device), **options) == own, "the choice differs on the device"


@pytest.mark.todo("cache", weight=1)
@pytest.mark.gpu
def test_writing_on_the_device(student, reference, draw, device):
    """A model on the device writes what it writes on the CPU, with the cache and without."""
    writer = make_writer(student, reference, draw)
    own = write(student, writer, temperature=0)
    writer.model.to(device)
    if not student.define(standins.runs)(writer.model, writer.prompt.to(device)[None]):
        return  # a layer fails there by itself, and is charged already
    for use_cache in (True, False):
        prompt = writer.prompt.to(device)
        count = len(own) - len(prompt)
        found = student.generate(writer.model, prompt, count, use_cache=use_cache, temperature=0)
        assert found == own, "the ids differ on the device"
