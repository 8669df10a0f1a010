"""Loading a submission: an allowance and a message of its own, and nothing of it charged to a test."""

from collections.abc import Iterator

import pytest

from grader.model.assignment import Limits
from grader.model.verdict import SubmissionError, Verdict
from grader.sandbox.channel import JailChannel
from grader.sandbox.jail import Jail
from grader.sandbox.machine_speed import NO_SLOWDOWN
from grader.tests.conftest import refuse_handle
from grader.wire.codec import Decoder, Encoder
from grader.wire.messages import MODULE, Begin, Call, Load, Message, pack_message, unpack_message

LIMITS = Limits(cpu_seconds=0.3, load_cpu_seconds=1, asleep_seconds=0.3, memory_mb=256, disk_mb=4)
SPEND = """
import time

def spend(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return seconds
"""
ENDLESS = f"{SPEND}x = spend(1000)\ndef probe(): return 1\n"


@pytest.fixture
def channel(jail: Jail, monkeypatch: pytest.MonkeyPatch) -> Iterator[JailChannel]:
    """A channel with tight limits, on a machine that is taken to be an ordinary one."""
    monkeypatch.setattr("grader.sandbox.cpu_budget.measure_slowdown", lambda: NO_SLOWDOWN)
    channel = JailChannel(jail, LIMITS)
    yield channel
    channel.close()


def ask(channel: JailChannel, *messages: Message) -> Message:
    """The last reply to messages that are sent at once."""
    frames = [pack_message(message, number, Encoder(refuse_handle)) for number, message in enumerate(messages)]
    frame = channel.ask(frames)[-1]
    return unpack_message(frame, Decoder(frame.block, refuse_handle, lambda tensor, body: tensor))


def load(channel: JailChannel, source: str) -> None:
    """Start a test and load, if the channel says that it is needed."""
    if channel.start_test():
        ask(channel, Load(source, "probe", []))


def call(channel: JailChannel, *args: object) -> object:
    """The value that a test gets which begins and calls `probe`."""
    reply = ask(channel, Begin(3), Call(MODULE, "probe", list(args), {}))
    return getattr(reply, "value", reply)


def fail_to_load(channel: JailChannel, source: str) -> str:
    """The message of a load that overruns."""
    channel.start_test()
    with pytest.raises(SubmissionError) as caught:
        ask(channel, Load(source, "probe", []))
    assert caught.value.verdict is Verdict.TIMED_OUT
    return caught.value.message


def test_loading_is_not_charged_to_the_test(channel: JailChannel) -> None:
    """A constant that takes longer than a test may is no test's business."""
    load(channel, f"{SPEND}x = spend(0.5)\ndef probe(): return spend(0.1)")
    assert call(channel) == 0.1
    assert 0.1 <= channel.read_cpu_seconds() < 0.3


def test_statement_that_runs_for_every_test_is_charged_to_none(channel: JailChannel) -> None:
    """A loop at the top level fills its table again for each test."""
    load(
        channel, f"{SPEND}table = []\nfor i in range(3):\n    table.append(spend(0.07))\ndef probe(): return len(table)"
    )
    for _ in range(2):
        channel.start_test()
        assert call(channel) == 3
        assert channel.read_cpu_seconds() < 0.1


def test_quick_definitions_travel_with_the_first_question(
    channel: JailChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once they have shown that they take next to nothing; a file that is loaded after that has to show it again."""
    monkeypatch.setattr("grader.sandbox.channel.QUICK_BEGIN", 0.1)
    sent: list[int] = []
    exchange = channel._exchange
    monkeypatch.setattr(channel, "_exchange", lambda child, frames: sent.append(len(frames)) or exchange(child, frames))
    for source in ("def probe(): return 1\n", f"{SPEND}def probe(): return 1\nfor i in range(1):\n    spend(0.1)\n"):
        channel.start_test()
        ask(channel, Load(source, "probe", []))
        sent.clear()
        for _ in range(2):
            channel.start_test()
            assert call(channel) == 1
        assert sent == ([1, 1, 2] if "spend" not in source else [1, 1, 1, 1])
    assert channel.read_cpu_seconds() < 0.1


@pytest.mark.slow
def test_slow_statement_that_runs_for_every_test_has_its_own_message(channel: JailChannel) -> None:
    """The allowance of a load is not given again to every test: that could take an hour."""
    load(channel, f"{SPEND}def probe(): return 1\nfor i in range(1):\n    spend(0.5)")
    with pytest.raises(SubmissionError, match=r"^running the file's top level for a test was stopped after 0\.3 sec"):
        call(channel)


def test_test_has_its_own_limit_after_a_load(channel: JailChannel) -> None:
    """The rest of the allowance for loading does not go to the test."""
    load(channel, f"{SPEND}def probe(): return spend(1)")
    with pytest.raises(SubmissionError, match=r"more than 0\.3 seconds of computing: is there a loop"):
        call(channel)


@pytest.mark.slow
def test_fresh_child_loads_again_at_no_tests_cost(channel: JailChannel) -> None:
    """A test that was stopped does not take the time of the next one."""
    source = f"{SPEND}x = spend(0.5)\ndef probe(seconds): return spend(seconds)"
    load(channel, source)
    with pytest.raises(SubmissionError):
        call(channel, 1)
    load(channel, source)
    assert call(channel, 0.1) == 0.1


def test_endless_load_has_its_own_message(channel: JailChannel) -> None:
    """The student learns that it is the file, not a test, and what to do."""
    message = fail_to_load(channel, ENDLESS)
    assert message.startswith("loading the file was stopped after 1 seconds of computing: move slow work")


def test_sleeping_load_has_its_own_message(channel: JailChannel) -> None:
    """Waiting at the top level is not charged to a test either."""
    message = fail_to_load(channel, "import time\ntime.sleep(1000)")
    assert message.startswith("loading the file was stopped after 0.3 seconds asleep: does the top level")


@pytest.mark.slow
def test_endless_load_is_not_repeated_for_every_test(channel: JailChannel) -> None:
    """The same load fails at once the next time."""
    message = fail_to_load(channel, ENDLESS)
    channel.start_test()
    assert channel.child is not None
    before = channel.child.read_cpu_seconds()
    with pytest.raises(SubmissionError) as caught:
        ask(channel, Load(ENDLESS, "probe", []))
    assert caught.value.message == message
    assert channel.child.read_cpu_seconds() - before < 0.1


@pytest.mark.slow
def test_another_load_is_tried_after_one_that_failed(channel: JailChannel) -> None:
    """With the stubs of another TODO filled, the file may load."""
    fail_to_load(channel, ENDLESS)
    channel.start_test()
    ask(channel, Load("def probe(): return 2", "probe", []))
    assert call(channel) == 2


def test_load_that_ends_its_process_is_not_repeated(channel: JailChannel) -> None:
    """The next test has a child, and the message of the first."""
    channel.start_test()
    with pytest.raises(SubmissionError, match="exit status 5"):
        ask(channel, Load("import os\nos._exit(5)", "probe", []))
    channel.start_test()
    with pytest.raises(SubmissionError, match="exit status 5"):
        ask(channel, Load("import os\nos._exit(5)", "probe", []))
    assert channel.child is not None


def test_second_load_keeps_what_has_not_changed(channel: JailChannel) -> None:
    """The stubs of each TODO make a source of their own; the same slow constant runs once for all of them."""
    source = f"{SPEND}x = spend(0.6)\ndef probe(): return "
    load(channel, f"{source}1")
    for number in range(2, 5):
        ask(channel, Load(f"{source}{number}", "probe", []))
        assert call(channel) == number
    assert channel.child is not None and channel.child.read_cpu_seconds() < 1.2
