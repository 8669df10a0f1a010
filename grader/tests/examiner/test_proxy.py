"""`student`: a module elsewhere, used as if it were here; in this process and behind the wall."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch

from grader.examiner.module_tools import parameter_gradients
from grader.examiner.proxy import StudentProxy
from grader.examiner.session import SubmissionSession
from grader.intake import read_submission
from grader.model.errors import GraderFault
from grader.model.verdict import SubmissionError, Verdict
from grader.sandbox.channel import JailChannel
from grader.sandbox.in_process import InProcessChannel
from grader.tests.support.a4 import NAME, open_shared_worker
from grader.tests.support.course import load_assignment

SOURCE = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.layer = nn.Linear(size, 2)

    def forward(self, x, y):
        z = torch.tanh(self.layer(x))
        return z * y, z.sum()

    @torch.no_grad()
    def predict(self, x):
        return self.layer(x)


def twice(x):
    return 2 * x ** 2


def ignore(x, y):
    return x * 3


def count():
    seen.append(len(seen))
    return seen


seen = []


def numbers():
    yield from range(3)


def letters():
    return {"a"}


def use_leftover():
    return attention_scores


def ask(helper):
    return helper(4)


def call_helper():
    return helper(1)


def helper(x):
    return x


class Picky:
    def __init__(self, size):
        self.size = int(size)

    def grow(self):
        return self.size + 1


def fail(x):
    raise ValueError(f"no {x}")


broken = 1 / 0


def use_broken():
    return broken
"""


def stand_in(x):
    """A function that travels as text."""
    return x + 100


Opener = Callable[..., SubmissionSession]


@pytest.fixture(params=["local", "jail"])
def open_session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Open a session for a text, in this process or in a jail."""
    channels = []

    def open_text(source: str, signatures: Mapping[str, inspect.Signature] | None = None) -> SubmissionSession:
        path = tmp_path / "attention.py"
        path.write_text(source, encoding="utf-8")
        in_jail = request.param == "jail"
        channel = JailChannel(open_shared_worker().jail, assignment.limits) if in_jail else InProcessChannel()
        channels.append(channel)
        session = SubmissionSession(
            read_submission(path, module="attention.py"), assignment, channel, devices={"cpu"}, signatures=signatures
        )
        session.begin("masking", seed=1)
        return session

    assignment = load_assignment(NAME)
    yield open_text
    for channel in channels:
        channel.close()


@pytest.fixture
def session(open_session: Opener) -> SubmissionSession:
    """The sample above."""
    return open_session(SOURCE)


@pytest.fixture
def known(open_session: Opener) -> SubmissionSession:
    """The sample above, of which the course has a class itself."""
    return open_session(SOURCE, {"Picky": inspect.Signature(), "Picky.grow": inspect.Signature()})


@pytest.fixture
def student(session: SubmissionSession) -> StudentProxy:
    """Its module."""
    return StudentProxy(session)


def make_pair(student: StudentProxy):
    """The sample's net on both sides with the same weights."""
    namespace: dict = {}
    exec(SOURCE.split("def twice")[0], namespace)
    ours, theirs = namespace["Net"](3), student.Net(3)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def make_inputs() -> tuple[torch.Tensor, torch.Tensor]:
    """Leaves that ask for a gradient."""
    generator = torch.Generator().manual_seed(3)
    return tuple(torch.randn(shape, generator=generator).requires_grad_() for shape in ((4, 3), (4, 2)))


def run_backward(module, combine: Callable) -> list[torch.Tensor]:
    """The gradients of both inputs and of the parameters, by name."""
    inputs = make_inputs()
    combine(module, *inputs).backward()
    gradients = parameter_gradients(module)
    return [*(item.grad for item in inputs), *(gradients[name] for name in ("layer.weight", "layer.bias"))]


COMBINATIONS = {
    "one output": lambda net, x, y: net(x, y)[0].sum(),
    "both outputs": lambda net, x, y: net(x, y)[0].sum() + 3 * net(x, y)[1],
    "two outputs of one call": lambda net, x, y: (lambda out: (out[0] ** 2).sum() + out[1])(net(x, y)),
    "a result in a second call": lambda net, x, y: net(torch.cat([net(x, y)[0], x[:, :1]], 1), y)[0].sum(),
    "the same input twice": lambda net, x, y: net(x, net(x, y)[0])[1] + (x**2).sum(),
}


@pytest.mark.parametrize("name", COMBINATIONS)
def test_gradients_cross_the_channel(student: StudentProxy, name: str):
    """Inputs and parameters get the gradients that autograd gives in one process."""
    ours, theirs = make_pair(student)
    expected = run_backward(ours, COMBINATIONS[name])
    for actual, right in zip(run_backward(theirs, COMBINATIONS[name]), expected, strict=True):
        torch.testing.assert_close(actual, right)


def test_a_result_feeds_another_function(student: StudentProxy):
    """A gradient goes back through two calls of different functions."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    student.twice(student.twice(x)).sum().backward()
    torch.testing.assert_close(x.grad, 32 * x.detach() ** 3)


def test_an_input_without_influence_gets_no_gradient(student: StudentProxy):
    """An argument that the result does not depend on keeps None."""
    x, y = make_inputs()
    student.ignore(x, y).sum().backward()
    assert torch.equal(x.grad, torch.full_like(x, 3.0))
    assert y.grad is None


def test_parameters_get_gradients_without_an_input_that_asks(student: StudentProxy):
    """A result that depends on parameters alone reaches back to them."""
    ours, theirs = make_pair(student)
    x, y = (item.detach() for item in make_inputs())
    for module in (ours, theirs):
        module(x, y)[1].backward()
    torch.testing.assert_close(parameter_gradients(theirs), parameter_gradients(ours))


def test_gradients_are_cleared(student: StudentProxy):
    """`zero_grad` reaches the parameters in the jail."""
    _, theirs = make_pair(student)
    theirs(*make_inputs())[1].backward()
    theirs.zero_grad()
    assert set(parameter_gradients(theirs).values()) == {None}


def test_a_result_without_a_graph_carries_none(student: StudentProxy):
    """A result that was computed under `no_grad` does not require a gradient."""
    _, theirs = make_pair(student)
    assert not theirs.predict(make_inputs()[0]).requires_grad


def test_a_state_dict_comes_back(student: StudentProxy):
    """Weights that were loaded can be read, and attributes reach into layers."""
    ours, theirs = make_pair(student)
    torch.testing.assert_close(dict(theirs.state_dict()), dict(ours.state_dict()))
    torch.testing.assert_close(theirs.layer.bias.detach(), ours.layer.bias.detach())


def test_attributes_can_be_set(student: StudentProxy):
    """Plain values and other remotes."""
    _, theirs = make_pair(student)
    theirs.size = 5
    theirs.layer = student.Net(3).layer
    assert theirs.size == 5


def test_other_objects_stay_in_the_jail(student: StudentProxy):
    """A generator can be iterated over, a set asked; both are handles."""
    assert list(student.numbers()) == [0, 1, 2]
    letters = student.letters()
    assert "a" in letters and "b" not in letters and len(letters) == 1


SIZED = """
class Plain:
    pass


class Careless:
    def __len__(self):
        return len(self.missing)

    def __iter__(self):
        return iter(())


class Counter:
    def __init__(self):
        self.left = 2

    def __iter__(self):
        return self

    def __next__(self):
        self.left -= 1
        if self.left < 0:
            raise StopIteration
        return self.left


def stumble():
    yield 1
    raise ValueError("StopIteration, says the message")
"""


def test_len_of_an_object_without_length_is_a_type_error(open_session: Opener):
    """As it is for any object of Python's own."""
    with pytest.raises(TypeError, match="a Plain has no length"):
        len(StudentProxy(open_session(SIZED)).Plain())


def test_len_that_raises_an_attribute_error_is_the_submissions(open_session: Opener):
    """An AttributeError from inside `__len__` does not mean that there is none."""
    careless = StudentProxy(open_session(SIZED)).Careless()
    for measure in (len, list):
        with pytest.raises(
            SubmissionError, match="AttributeError: 'Careless' object has no attribute 'missing'"
        ) as caught:
            measure(careless)
        assert caught.value.exception_type == "AttributeError" and caught.value.line == 8


def test_iteration_ends_with_stop_iteration_only(open_session: Opener):
    """Tell whether it ends is named by the exception's type, not by its text."""
    student = StudentProxy(open_session(SIZED))
    assert list(student.Counter()) == [1, 0]
    with pytest.raises(SubmissionError, match="ValueError: StopIteration, says the message"):
        list(student.stumble())


def test_a_handle_can_be_passed_back(student: StudentProxy):
    """A function of theirs is an argument of another."""
    assert student.ask(student.helper) == 4


@pytest.mark.parametrize(("error", "loads"), [("CUDA error: device-side assert triggered", 1), ("such size", 0)])
def test_a_broken_driver_costs_one_test(student: StudentProxy, session: SubmissionSession, error: str, loads: int):
    """After an error that a GPU's driver never forgets the next test has a fresh process, after any other the same."""
    loaded = []
    load = session._load
    session._load = lambda source: loaded.append(source) or load(source)
    with pytest.raises(SubmissionError, match=error):
        student.fail(error)
    session.begin("masking", seed=2)
    assert student.helper(2) == 2 and len(loaded) == loads


def test_what_nobody_waits_for_goes_with_the_next_question(known: SubmissionSession):
    """Making an object of a class that the course knows and setting its attribute cost no exchange of their own."""
    student = StudentProxy(known)
    asked = []
    ask = known.channel.ask
    known.channel.ask = lambda frames: asked.append(len(frames)) or ask(frames)
    picky = student.Picky("3")
    picky.size = 5
    assert picky.grow() == 6
    assert asked == [4]  # with the beginning of the test


def test_what_was_sent_is_what_it_was_then(student: StudentProxy):
    """A tensor that the test changes afterwards has already been packed."""
    _, theirs = make_pair(student)
    weight = torch.ones(2)
    theirs.size = weight
    weight.zero_()
    assert theirs.size.tolist() == [1.0, 1.0]


def test_the_first_that_raised_is_blamed(known: SubmissionSession):
    """An object that could not be made is the mishap, not what was then asked of it."""
    student = StudentProxy(known)
    picky = student.Picky("three")
    with pytest.raises(SubmissionError, match=r"ValueError: invalid literal.*in __init__"):
        picky.grow()
    assert student.helper(2) == 2


def test_nothing_that_was_posted_is_forgotten(known: SubmissionSession):
    """A call that no one asked about is still carried out before the test ends, and raises there."""
    student = StudentProxy(known)
    student.Picky("three")
    with pytest.raises(SubmissionError, match="invalid literal"):
        known.settle()
    known.settle()


def test_a_test_begins_without_what_another_posted(known: SubmissionSession):
    """The calls that a failed test left unsent are not sent on behalf of the next one."""
    student = StudentProxy(known)
    student.Picky("three")
    known.begin("masking", seed=2)
    assert student.helper(2) == 2


def test_nothing_but_data_and_handles_can_be_sent(student: StudentProxy):
    """An object of ours cannot travel: that is the test's fault, not the student's."""
    with pytest.raises(GraderFault, match="only plain data and remotes can travel"):
        student.helper(object())


def test_a_stand_in_takes_a_name_for_one_test(student: StudentProxy, session: SubmissionSession):
    """`replace` holds until the next test begins."""
    student.replace(helper=stand_in)
    assert student.call_helper() == 101
    session.begin("masking", seed=2)
    assert student.call_helper() == 1


def test_nothing_is_left_of_another_test(student: StudentProxy, session: SubmissionSession):
    """Each test begins with fresh globals."""
    assert student.count() == [0]
    session.begin("masking", seed=1)
    assert student.count() == [0]


def test_a_notebooks_leftover_is_named(session: SubmissionSession):
    """A function that returns a global of the notebook is seen through in the poisoned module."""
    leftover = StudentProxy(session, poisoned=True).use_leftover()
    assert repr(leftover) == "<leftover attention_scores in the jail>"


class Scale(torch.nn.Module):
    """A stand-in that travels as text."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor
        self.last = None

    def forward(self, x):
        """The input, scaled."""
        self.last = x
        return self.factor * x

    def twice(self, x):
        """The input, scaled twice."""
        return self(self(x))


def test_a_stand_in_is_made_and_asked_in_one_exchange(session: SubmissionSession, monkeypatch: pytest.MonkeyPatch):
    """What our own class makes is surely an object, and its methods are known."""
    sent: list[int] = []
    ask = session.channel.ask
    monkeypatch.setattr(session.channel, "ask", lambda frames: sent.append(len(frames)) or ask(frames))
    student = StudentProxy(session)
    scale = student.define(Scale)(3)
    scale.eval()
    assert scale.twice(torch.ones(1)).item() == 9
    assert (len(sent), scale.last.item(), scale(torch.ones(1)).item()) == (1, 3, 3)
    assert student.define(Scale)(2).state_dict() == {}
    with pytest.raises(SubmissionError, match="missing 1 required positional argument"):
        student.define(Scale)().twice(1)


def test_what_a_function_raises_is_told_with_its_line(student: StudentProxy):
    """Kind, message, function, file, line and code."""
    with pytest.raises(SubmissionError) as caught:
        student.fail("luck")
    line = SOURCE[: SOURCE.index("raise ValueError")].count("\n") + 1
    assert caught.value.verdict is Verdict.RAISED
    assert caught.value.message == (
        f'ValueError: no luck (in fail, attention.py, line {line}: `raise ValueError(f"no {{x}}")`)'
    )


def test_a_name_that_did_not_load_is_explained_where_it_is_used(student: StudentProxy):
    """The NameError of a failed statement says why the name is not there."""
    with pytest.raises(SubmissionError, match="'broken' could not be defined: ZeroDivisionError: division by zero"):
        student.use_broken()


def test_a_reply_that_nobody_can_read_is_malformed(open_session: Opener):
    """A list that holds itself cannot be sent."""
    student = StudentProxy(open_session("def f():\n    a = []\n    a.append(a)\n    return a\n"))
    with pytest.raises(SubmissionError) as caught:
        student.f()
    assert caught.value.verdict is Verdict.MALFORMED_REPLY
