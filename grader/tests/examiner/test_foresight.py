"""The memory holds what a test does after given replies, and nothing else."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from grader.examiner.foreseeing import ForeseeingChannel
from grader.examiner.foresight import Foresight
from grader.examiner.suite import Suite
from grader.intake import read_submission
from grader.model.report import CheckResult
from grader.model.verdict import SubmissionError, Verdict
from grader.sandbox.in_process import InProcessChannel
from grader.tests.support.toy import TESTS, TOML, open_project
from grader.wire.frames import Frame

ONE_DRAW = "draws = 1\n" + TOML
SHOUT = "def shout(word):\n    return word.upper()\n"
RIGHT = "def double(number):\n    return 2 * number\n\n\n" + SHOUT
ALSO_RIGHT = "def double(number):\n    return number + number\n\n\n" + SHOUT
WRONG = "def double(number):\n    return 3 * number\n\n\n" + SHOUT
TWO_STEPS = TESTS.replace(
    "    assert student.double(number)",
    "    assert student.double(1) > 0\n    assert student.double(number)",
)
BY_PARITY = re.sub(
    "assert student.double.*", 'assert_parity(student.double(number), reference.double(number), what="it")', TESTS
).replace("import pytest\n", "import pytest\n\nfrom grader.examiner import assert_parity\n")
UNSTEADY = TESTS.replace("    number = draw.integer(3, 1000)", "    ASKED.append(1)\n    number = len(ASKED)").replace(
    "import pytest\n", "import pytest\n\nASKED = []\n"
)


class WatchedChannel(InProcessChannel):
    """Notes what is asked; with `mishap`, the first question about a double ends the child."""

    def __init__(self, *, mishap: bool = False) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.mishap = mishap

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """Answer as ever, or not at all."""
        self.asked += [frame.packed.decode("ascii", "replace") for frame in frames if frame.header["op"] != "Load"]
        if self.mishap and any("double" in asked for asked in self.asked):
            raise SubmissionError(Verdict.TIMED_OUT, "stopped")
        return super().ask(frames)


class Examiner:
    """A suite of the toy, the ids of the tests that it really ran, and the requests of the last submission."""

    def __init__(self, suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
        self.suite = suite
        self.ran: list[str] = []
        self.asked: list[str] = []
        run = suite.recorder.run

        def note(item: pytest.Item) -> BaseException | None:
            self.ran.append(item.name)
            return run(item)

        monkeypatch.setattr(suite.recorder, "run", note)

    def judge(self, source: str, *, foresee: bool = True, mishap: bool = False) -> dict[str, CheckResult]:
        """The results by TODO, without their times."""
        path = self.suite.assignment.folder / "handed_in.py"
        path.write_text(source, encoding="utf-8")
        submission = read_submission(path, module="toy.py", defines=self.suite.assignment.defines)
        channel = WatchedChannel(mishap=mishap)
        self.ran.clear()
        seen = ForeseeingChannel(channel) if foresee else channel
        results = self.suite.run(self.suite.open_session(submission, seen))
        channel.close()
        self.asked = channel.asked
        return {result.todo: result.model_copy(update={"cpu_seconds": 0.0}) for result in results}


@pytest.fixture
def make_examiner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Collects the toy's suite, with other tests where given; all submissions share one draw."""

    def make(tests: str = TESTS) -> Examiner:
        return Examiner(Suite(open_project(monkeypatch, tmp_path, toml=ONE_DRAW, tests=tests), b"secret"), monkeypatch)

    return make


@pytest.mark.parametrize("sources", [(RIGHT, ALSO_RIGHT), (WRONG, WRONG + "\n")], ids=["right", "wrong"])
def test_equal_replies_are_judged_once(make_examiner, sources: tuple[str, str]):
    """The second of two submissions that reply the same needs no test, and gets the same results."""
    examiner = make_examiner(TWO_STEPS)
    first = examiner.judge(sources[0])
    assert examiner.ran == ["test_double", "test_shout"]
    assert examiner.judge(sources[1]) == first
    assert examiner.ran == []


@pytest.mark.parametrize("source", [WRONG, SHOUT, "def double(n):\n    return n / 0\n\n\n" + SHOUT])
def test_other_replies_are_judged_as_if_nothing_were_foreseen(make_examiner, source: str):
    """A wrong value, a name that is not there and an exception: with the same words, after the same requests."""
    examiner = make_examiner(TWO_STEPS)
    examiner.judge(RIGHT)
    foreseen, asked = examiner.judge(source), examiner.asked
    assert examiner.ran == ["test_double"]
    assert (foreseen, asked) == (examiner.judge(source, foresee=False), examiner.asked)


@pytest.mark.parametrize("double", ["[number]", "str(number)", "3 * number"], ids=["list", "text", "value"])
def test_what_is_remembered_says_the_same(make_examiner, double: str):
    """The message, the hint, and whether it is the form or the values that differ."""
    examiner = make_examiner(BY_PARITY)
    source = RIGHT.replace("2 * number", double)
    live = examiner.judge(source, foresee=False)
    learnt, remembered = (examiner.judge(f"{source}\n# {number}\n") for number in range(2))
    assert live == learnt == remembered
    assert live["double"].cause == ("" if double == "3 * number" else "structure")
    assert examiner.ran == []


def test_an_exception_is_never_remembered(make_examiner):
    """Its message quotes the lines of its own submission."""
    examiner = make_examiner()
    for number in (4, 5):
        found = examiner.judge(f"def double(n):\n    return n / 0 + {number}\n\n\n" + SHOUT)
        assert f"`return n / 0 + {number}`" in found["double"].message


def test_a_mishap_is_never_remembered(make_examiner):
    """An overrun may be the machine's doing: the same submission is judged by its replies the next time."""
    examiner = make_examiner()
    examiner.judge(RIGHT)
    assert examiner.judge(RIGHT, mishap=True)["double"].status is Verdict.TIMED_OUT
    assert examiner.judge(RIGHT)["double"].status is Verdict.PASSED


def test_a_test_that_asks_otherwise_after_the_same_replies_is_not_foreseen(make_examiner):
    """It depends on more than its draw and the replies: it runs for each submission."""
    examiner = make_examiner(UNSTEADY)
    for source in (RIGHT, ALSO_RIGHT, WRONG):
        verdict = Verdict.FAILED if source is WRONG else Verdict.PASSED
        assert examiner.judge(source)["double"].status is verdict
    assert "test_double" in examiner.ran


def test_memory_is_bounded(make_examiner):
    """Without room nothing is remembered, and the tests run."""
    examiner = make_examiner()
    examiner.suite.foresight = Foresight(room=0)
    first = examiner.judge(RIGHT)
    assert examiner.judge(ALSO_RIGHT) == first
    assert examiner.ran == ["test_double", "test_shout"]
