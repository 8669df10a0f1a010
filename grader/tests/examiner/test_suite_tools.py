"""The tools that the hidden suites of several assignments share."""

from pathlib import Path

import pytest
import torch
from torch import nn

import grader.examiner
from grader.examiner import (
    Caller,
    DecoderCase,
    ModulePair,
    as_ids,
    decoder_arguments,
    draw_batch,
    fill_weights,
    fits,
    is_clear,
    place_step,
)
from grader.examiner.draw import Draw
from grader.examiner.proxy import StudentProxy
from grader.examiner.session import SubmissionSession
from grader.intake import read_submission
from grader.sandbox.in_process import InProcessChannel
from grader.tests.support.a4 import NAME
from grader.tests.support.course import load_assignment

SOURCE = """
from torch import nn


class Decoder(nn.Module):
    def __init__(self, vocab_size, hidden_size):
        super().__init__()
        self.sizes = [vocab_size, hidden_size]

    def forward_step(self, token):
        return None


def double(x):
    x.mul_(2)


def insist(x):
    if x < 0:
        raise ValueError(f"{x} is too small")
"""
SEEDS = range(30)


class AddSize:
    """A stand-in for a step: it adds the vocabulary size."""

    def __init__(self, vocab_size):
        self.vocab_size = vocab_size

    def __call__(self, token):
        return token + self.vocab_size


@pytest.fixture
def student(tmp_path: Path) -> StudentProxy:
    """The sample's module, in this process."""
    path = tmp_path / "attention.py"
    path.write_text(SOURCE, encoding="utf-8")
    assignment = load_assignment(NAME)
    submission = read_submission(path, module=assignment.module)
    session = SubmissionSession(submission, assignment, InProcessChannel(), devices={"cpu"})
    session.begin("masking", seed=1)
    return StudentProxy(session)


def test_every_name_for_suites_exists():
    """`from grader.examiner import ...` finds each of them, and nothing else."""
    assert all(callable(getattr(grader.examiner, name)) for name in grader.examiner.__all__)
    with pytest.raises(ImportError):
        from grader.examiner import enlarge  # noqa: F401


def test_fill_weights_draws_every_parameter():
    """Biases too; the same seed gives the same weights, and `scale` scales them."""
    ours, again, small = (nn.Linear(3, 4) for _ in range(3))
    assert fill_weights(ours, Draw(1)) is ours
    fill_weights(again, Draw(1))
    fill_weights(small, Draw(1), scale=0.5)
    values = torch.cat([parameter.detach().flatten() for parameter in ours.parameters()])
    assert len(set(values.tolist())) == 16
    assert torch.equal(ours.bias, again.bias)
    assert torch.allclose(small.weight, ours.weight / 2)


@pytest.mark.parametrize("ids", [[1, 2], (1, 2), torch.tensor([[1], [2]]), [torch.tensor(1), torch.tensor([2])]])
def test_ids_become_plain_ints(ids):
    """However a submission returns them."""
    found = as_ids(ids)
    assert found == [1, 2] and {type(token) for token in found} == {int}


def test_ids_may_have_to_be_a_list():
    """A generator or a dict is none."""
    assert as_ids(iter([1])) == [1]
    for ids in (iter([1]), {1: 2}):
        with pytest.raises(AssertionError, match="expected a list of ids"):
            as_ids(ids, only_lists=True)
    assert as_ids(torch.tensor([3]), only_lists=True) == [3]


def test_tensors_that_fit():
    """Equal shapes, and values that differ by rounding only."""
    value = torch.tensor([1.0, -2.0])
    assert fits(value * 1.0001, value)
    assert not fits(value * 1.01, value)
    assert not fits(value.unsqueeze(0), value)


@pytest.mark.parametrize(("second", "clear"), [(0.5, True), (0.995, False), (1.0, False)])
def test_a_choice_is_clear_if_every_row_is(second: float, clear: bool):
    """One close row is enough to make a case unsafe, for any leading axes."""
    logits = torch.tensor([[3.0, 0.0, 1.0], [second, 1.0, 0.0]])
    assert is_clear(logits) is clear
    assert is_clear(logits.unsqueeze(0)) is clear
    assert is_clear(logits, margin=0.6) is False


@pytest.mark.parametrize("seed", SEEDS)
def test_decoder_sizes_differ(seed: int):
    """No axis can be taken for another, and the ids are within the vocabulary."""
    for arguments in (decoder_arguments(Draw(seed)), decoder_arguments(Draw(seed), vocab_sizes=(26, 33))):
        assert len({arguments[name] for name in ("vocab_size", "embedding_dim", "hidden_size")}) == 3
        assert 0 <= arguments["start_token_id"] < arguments["vocab_size"] == arguments["end_token_id"]
    assert 26 <= arguments["vocab_size"] <= 33
    assert decoder_arguments(Draw(seed), num_layers=2)["num_layers"] == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_batch_axes_differ(seed: int):
    """Positions, steps, sizes of the vocabulary and of the state: all different."""
    batch = draw_batch(Draw(seed), 5, 7)
    assert len({batch.encoder_outputs.shape[1], batch.target.shape[1], 5, 7}) == 4
    assert batch.hidden.shape == (1, 3, 7) and batch.token.shape == (3, 1)
    assert int(batch.target.max()) < 5


def test_a_caller_leaves_out_what_a_constructor_does_not_name(student: StudentProxy):
    """Optional arguments of the skeleton may be missing in a submission."""
    caller = student.define(Caller)()
    theirs = caller.build(student.Decoder, {"vocab_size": 3, "hidden_size": 4, "num_layers": 1})
    assert theirs.sizes == [3, 4]


def test_a_caller_sees_what_a_call_does_to_its_inputs(student: StudentProxy):
    """In the jail: the tensor of the test stays as it is."""
    value = torch.ones(2)
    assert student.define(Caller)().inputs_after(student.double, value)[0].tolist() == [2.0, 2.0]
    assert value.tolist() == [1.0, 1.0]


def test_a_caller_reads_a_refusal(student: StudentProxy):
    """A ValueError's message; None if there is none."""
    caller = student.define(Caller)()
    assert caller.refusal(student.insist, -1) == "-1 is too small"
    assert caller.refusal(student.insist, 1) is None


def test_the_same_step_is_placed_on_both_sides(student: StudentProxy):
    """Ours in this process, theirs in the jail."""
    pair = ModulePair(nn.Linear(1, 1), student.Decoder(5, 2), hidden_size=2, vocab_size=5)
    place_step(student, pair, AddSize)
    assert pair.ours.forward_step(1) == 6
    assert pair.theirs.forward_step(2) == 7


def test_a_decoder_case_needs_no_name():
    """One decoder in an assignment is known without."""
    case = DecoderCase(arguments={}, ours=nn.Identity(), inputs=(), max_len=3, logits=torch.zeros(1, 2), token_ids=[0])
    assert case.name == ""
