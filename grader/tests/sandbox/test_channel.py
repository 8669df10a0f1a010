"""JailChannel against submissions that do anything but answer; after each, a fresh child does."""

import os
import re
import signal
from collections.abc import Iterator

import pytest

from grader.jail.server import Server
from grader.model.assignment import Limits
from grader.model.errors import GraderFault
from grader.model.verdict import SubmissionError, Verdict
from grader.sandbox.channel import MAX_LINES, JailChannel, _name_signal
from grader.sandbox.in_process import InProcessChannel
from grader.sandbox.jail import Jail
from grader.sandbox.machine_speed import MAX_SLOWDOWN, NO_SLOWDOWN, Slowdown, measure_slowdown
from grader.tests.conftest import PLAIN, TIGHT, Prober, refuse_handle, write_probe
from grader.wire.codec import Decoder, Encoder
from grader.wire.frames import MAX_HEADER_BYTES
from grader.wire.messages import MODULE, Call, Done, Load, Raised, pack_message, unpack_message

SPEND = """
import time

def probe(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
"""
# Student code finds the channel as any code could: by trying every number.
ON_THE_CHANNEL = """
import os, socket, stat, struct, time

def find_channel():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return number
        except OSError:
            pass

def send(data):
    os.write(find_channel(), data)

def frame(header, block=b""):
    return struct.pack("<II", len(header), len(block)) + header + block
"""


def judge(prober: Prober, body: str, preamble: str = PLAIN) -> SubmissionError:
    """The mishap that calling this body ends in; afterwards a fresh child must answer."""
    prober.load(write_probe(body, preamble))
    with pytest.raises(SubmissionError) as caught:
        prober.call("probe")
    assert prober.answers()
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        pytest.param("x = 10**7\nwhile True: x ** 3000", marks=pytest.mark.slow),
        pytest.param(
            "def f():\n    while True: pass\nthreading.Thread(target=f).start()\ntime.sleep(1000)",
            marks=pytest.mark.slow,
        ),
        "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\nwhile True: pass",
    ],
    ids=["loop", "arithmetic", "thread", "blocks-signals"],
)
def test_endless_computing_is_timed_out(hurried: Prober, body: str) -> None:
    """A loop that never ends, in any thread, is stopped by the CPU time it used."""
    mishap = judge(hurried, body)
    assert mishap.verdict is Verdict.TIMED_OUT and "computing" in mishap.message


@pytest.fixture
def asked(jail: Jail) -> Iterator[Prober]:
    """A fresh child whose limits are met within half a second, and which is asked where it is then."""
    channel = JailChannel(jail, TIGHT, module="probe")
    yield Prober(channel)
    channel.close()


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("while True:\n    pass", {3, 4}),
        ("return sum(iter(int, 1))", {3}),
        ("time.sleep(10_000)", {3}),
    ],
    ids=["loop", "in-C", "sleep"],
)
def test_code_that_overruns_is_asked_where_it_is(asked: Prober, body: str, lines: set[int]) -> None:
    """The line is known, also in the middle of a call to C."""
    mishap = judge(asked, body)
    assert mishap.verdict is Verdict.TIMED_OUT and mishap.line in lines


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())", 0),
        ("signal.signal(signal.SIGUSR1, lambda *_: send(b'nothing'))", 0),
        ("signal.signal(signal.SIGUSR1, lambda *_: send(b'File \"<probe>\", line 99999 in f' * 9999))", 99999),
    ],
    ids=["blocks-signals", "other-words", "forged"],
)
def test_a_lie_about_the_line_is_a_few_numbers(asked: Prober, body: str, line: int) -> None:
    """The verdict is the same, and no word of the submission's gets through."""
    mishap = judge(asked, f"{body}\nwhile True: pass", f"import signal\n{ON_THE_CHANNEL}")
    assert (mishap.verdict, mishap.line) == (Verdict.TIMED_OUT, line)
    assert len(mishap.lines) <= MAX_LINES


@pytest.mark.parametrize(
    "body",
    [
        "time.sleep(10_000)",
        "while True: time.sleep(0.01)",
        "signal.pause()",
        "threading.Lock().acquire() and threading.Event().wait()",
        "threading.Thread(target=time.sleep, args=(10_000,)).start()\nctypes.CDLL(None).pthread_exit(None)",
        "reader, writer = os.pipe()\nos.read(reader, 1)",
    ],
    ids=["sleep", "polling", "pause", "event", "first-thread-ends", "pipe"],
)
def test_endless_sleep_is_timed_out(hurried: Prober, body: str) -> None:
    """Waiting for what never comes, however it is done, is stopped."""
    assert judge(hurried, body).verdict is Verdict.TIMED_OUT


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("os._exit(0)", "exit status 0"),
        ("os._exit(3)", "exit status 3"),
        ("ctypes.string_at(0)", "segmentation fault"),
        ("os.abort()", "segmentation fault|abort"),
        ("os.closerange(3, 64)", "exit status"),
    ],
)
def test_ending_its_process_is_a_crash(prober: Prober, body: str, cause: str) -> None:
    """A child that ends has not passed, with any exit status."""
    mishap = judge(prober, body)
    assert mishap.verdict is Verdict.CRASHED
    assert re.search(cause, mishap.message)


def test_killed_from_outside_is_no_crash(prober: Prober) -> None:
    """A child killed by an operator, or by a kernel short of memory, is the grader's loss; the next child answers."""
    prober.load("def probe(): return 1")
    assert prober.channel.child is not None
    signal.pidfd_send_signal(prober.channel.child.pidfd, signal.SIGKILL)
    with pytest.raises(GraderFault, match="killed from outside"):
        prober.call("probe")
    assert prober.answers()


@pytest.mark.parametrize(
    "body",
    [
        "return os.kill(os.getpid(), 9)",
        "return signal.pthread_kill(threading.get_ident(), 9)",
        "thread = threading.Thread(target=os.kill, args=(1, 9)); thread.start(); return thread.join()",
    ],
)
def test_a_submission_cannot_kill_itself(prober: Prober, body: str) -> None:
    """The first process of a namespace takes no SIGKILL from within: it answers, and cannot fake a fault."""
    assert prober.run(write_probe(body)) is None


def test_total_computing_is_limited_by_the_kernel(jail: Jail) -> None:
    """A child that no test overran is ended all the same once its total is used up."""
    prober = Prober(
        JailChannel(jail, Limits(cpu_seconds=60, asleep_seconds=60, total_cpu_seconds=1, load_cpu_seconds=1))
    )
    mishap = judge(prober, "while True: pass")
    prober.channel.close()
    assert mishap.verdict is Verdict.TIMED_OUT and "in all" in mishap.message


@pytest.mark.parametrize(
    "body",
    [
        "send(struct.pack('<II', 2**32 - 1, 2**32 - 1))",
        f"send(struct.pack('<II', {MAX_HEADER_BYTES + 1}, 0))",
        "send(frame(b'passed'))",
        "send(frame(b'[1, 2]'))",
        "send(frame(b'[' * 50_000))",
        "send(frame(b''))",
        "send(frame(b'{\"seq\":' + b'9' * 5000 + b'}'))",
        "while True: send(b'\\x00' * 65536)",
        "send(b'\\xff' * 7)\nreturn 1",
    ],
    ids=["lengths", "giant", "no-json", "list", "nested", "empty", "digits", "endless", "shifted"],
)
def test_a_forged_frame_is_malformed(prober: Prober, body: str) -> None:
    """Bytes written straight to the channel that are no frame are malformed, and end the child."""
    assert judge(prober, body, ON_THE_CHANNEL).verdict is Verdict.MALFORMED_REPLY


OUT_OF_BAND = "socket.socket(fileno=os.dup(find_channel())).send({}, socket.MSG_OOB)"


@pytest.mark.parametrize(
    "body",
    [
        "out_of_band(b'!')\ntime.sleep(10_000)",
        "out_of_band(b'!')\nwhile True: pass",
        "for _ in range(100): out_of_band(b'!')\ntime.sleep(10_000)",
        "send(frame(b'{}')[:5])\nout_of_band(b'!')\ntime.sleep(10_000)",
    ],
    ids=["then-sleep", "then-loop", "many", "within-a-frame"],
)
def test_a_byte_out_of_band_is_no_reply(prober: Prober, body: str) -> None:
    """It makes the channel readable, and there is nothing to read."""
    helpers = f"{ON_THE_CHANNEL}\ndef out_of_band(data):\n    {OUT_OF_BAND.format('data')}\n"
    assert judge(prober, body, helpers).verdict is Verdict.MALFORMED_REPLY


def test_a_stack_out_of_band_is_none(asked: Prober) -> None:
    """The verdict is that of any code that overruns, and no line is known."""
    helpers = f"import signal\n{ON_THE_CHANNEL}"
    handler = "lambda *_: " + OUT_OF_BAND.format("b'!'")
    mishap = judge(asked, f"signal.signal(signal.SIGUSR1, {handler})\nwhile True: pass", helpers)
    assert (mishap.verdict, mishap.line) == (Verdict.TIMED_OUT, 0)


def test_a_truncated_frame_is_a_crash(prober: Prober) -> None:
    """A frame that its sender's end cuts short is never read as a whole one."""
    mishap = judge(prober, "send(frame(b'{}')[:9])\nos._exit(0)", ON_THE_CHANNEL)
    assert mishap.verdict is Verdict.CRASHED


def test_a_trickling_frame_is_timed_out(hurried: Prober) -> None:
    """A frame that comes byte by byte, each in time, cannot put the limits off."""
    body = "send(struct.pack('<II', 1000, 0))\nwhile True:\n    send(b' ')\n    time.sleep(0.01)"
    assert judge(hurried, body, ON_THE_CHANNEL).verdict is Verdict.TIMED_OUT


def test_a_child_that_stops_reading_is_timed_out(hurried: Prober) -> None:
    """A request that the child does not read does not keep the examiner waiting."""
    body = 'send(frame(b\'{"op":"Done","seq":2,"body":{"value":1}}\'))\ntime.sleep(10_000)'
    hurried.load(write_probe(body, ON_THE_CHANNEL))
    assert hurried.call("probe") == Done(1)
    with pytest.raises(SubmissionError) as caught:
        hurried.call("probe", "x" * (MAX_HEADER_BYTES - 1000))
    assert caught.value.verdict is Verdict.TIMED_OUT
    assert hurried.answers()


def test_a_reply_before_the_question_keeps_its_old_number(prober: Prober) -> None:
    """A second reply sent ahead is what the next question reads, and its `seq` gives it away."""
    body = 'send(frame(b\'{"op":"Done","seq":99,"body":{"value":1}}\'))'
    prober.load(write_probe(body, ON_THE_CHANNEL))
    request = pack_message(Call(MODULE, "probe", [], {}), 7, Encoder(refuse_handle))
    assert [prober.channel.ask([request])[0].header["seq"] for _ in range(2)] == [99, 7]


def test_descriptors_sent_along_are_not_received(hurried: Prober) -> None:
    """Descriptors that a child attaches to its reply do not pile up in the examiner."""
    body = "s = socket.socket(fileno=os.dup(find_channel()))\nsocket.send_fds(s, [frame(b'{}')], [0] * 30)\nreturn 1"
    hurried.load(write_probe(body, ON_THE_CHANNEL))
    before = len(os.listdir("/proc/self/fd"))
    request = pack_message(Call(MODULE, "probe", [], {}), 5, Encoder(refuse_handle))
    assert [frame.header for frame in hurried.channel.ask([request])] == [{}]
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.slow
def test_an_overrun_counts_though_the_answer_came(hurried: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict depends on the CPU time used, not on the moment of the look."""
    monkeypatch.setattr("grader.sandbox.cpu_budget.measure_slowdown", lambda: NO_SLOWDOWN)
    hurried.load(SPEND)
    with pytest.raises(SubmissionError, match="computing"):
        for _ in range(40):
            hurried.call("probe", 0.03)


def test_a_machine_that_stood_still_costs_no_limit(hurried: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that jumps far ahead between two looks has not measured the submission."""
    hurried.load(SPEND)
    child = hurried.channel.child
    assert child
    read = child.read_cpu_seconds
    monkeypatch.setattr(child, "read_cpu_seconds", lambda: read() + 1000)
    assert hurried.call("probe", 0.01) == Done(None)


@pytest.mark.slow
def test_a_limit_is_the_same_work_on_a_slow_machine(hurried: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is four times slower a test may take four times longer, and no more."""
    monkeypatch.setattr("grader.sandbox.cpu_budget.measure_slowdown", lambda: Slowdown(4.0, 4.0))
    limit = hurried.channel.limits.cpu_seconds
    hurried.load(SPEND)
    assert hurried.call("probe", 2 * limit) == Done(None)
    assert 0.45 < hurried.channel.used_share < 0.6
    with pytest.raises(SubmissionError, match=f"more than {limit:g} seconds of computing"):
        hurried.call("probe", 12 * limit)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "is_excused"),
    [("total = sum(range(100_000))", False), ("mmap.mmap(-1, 16 << 20, flags=flags).close()", True)],
    ids=["computing", "memory"],
)
def test_a_crowded_machine_excuses_only_what_it_slows_down(
    hurried: Prober, monkeypatch: pytest.MonkeyPatch, work: str, is_excused: bool
) -> None:
    """Where only memory comes slowly, code that only computes has no more time."""
    monkeypatch.setattr("grader.sandbox.cpu_budget.measure_slowdown", lambda: Slowdown(1.0, 4.0))
    flags = "mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE"
    hurried.load(f"import mmap\n{SPEND.replace('pass', work)}\nflags = {flags}\n")
    hurried.call("probe", 1.6 * hurried.channel.limits.cpu_seconds)
    assert (hurried.channel.used_share < 1) == is_excused


def test_a_fast_test_is_never_measured(hurried: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the grey zone the machine's speed does not matter, and measuring it costs time."""
    monkeypatch.delattr("grader.sandbox.cpu_budget.measure_slowdown")
    hurried.load(SPEND)
    assert hurried.call("probe", 0.6 * hurried.channel.limits.cpu_seconds) == Done(None)
    assert 0.55 < hurried.channel.used_share < 0.7


@pytest.mark.slow
def test_one_slow_moment_does_not_stretch_a_limit(hurried: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the speeds that were measured beside a test the middle one counts."""
    measured = iter([NO_SLOWDOWN, Slowdown(9.0, 9.0)])
    monkeypatch.setattr("grader.sandbox.cpu_budget.measure_slowdown", lambda: next(measured, NO_SLOWDOWN))
    hurried.load(SPEND)
    with pytest.raises(SubmissionError, match="seconds of computing"):
        hurried.call("probe", 3 * hurried.channel.limits.cpu_seconds)


@pytest.mark.slow
def test_honest_tests_do_not_add_up_to_the_kernels_limit(jail: Jail) -> None:
    """A child that has computed for half of what it may in all is replaced between two tests."""
    prober = Prober(JailChannel(jail, Limits(cpu_seconds=1, total_cpu_seconds=1, load_cpu_seconds=1)))
    prober.load(SPEND)
    prober.call("probe", 0.6)
    assert not prober.channel.start_test()
    prober.call("probe", 0.6)
    assert prober.channel.start_test()
    prober.channel.close()


def test_slowness_is_measured_in_ordinary_machines() -> None:
    """No machine is faster than ordinary, and none so slow that an endless loop would not end."""
    measured = measure_slowdown()
    assert all(1.0 <= slowdown <= MAX_SLOWDOWN for slowdown in (measured.computing, measured.memory))


def test_limits_start_again_with_every_test(prober: Prober) -> None:
    """The computing time of one test is not held against the next one."""
    prober.load(SPEND)
    prober.call("probe", 0.2)
    used = prober.channel.read_cpu_seconds()
    prober.channel.start_test()
    assert prober.channel.read_cpu_seconds() < used >= 0.2


def test_after_a_mishap_the_rest_of_the_test_meets_no_child(hurried: Prober) -> None:
    """Within the test that lost its child every further question is a crash, at once."""
    hurried.load("import os\ndef probe(): os._exit(0)")
    for _ in range(2):
        with pytest.raises(SubmissionError) as caught:
            hurried.call("probe")
        assert caught.value.verdict is Verdict.CRASHED


def test_a_fresh_child_must_be_loaded_again(jail: Jail) -> None:
    """`start_test` says when the submission is not in the child yet."""
    channel = JailChannel(jail, TIGHT)
    assert channel.start_test() is True
    assert channel.start_test() is False
    channel.close()
    assert channel.start_test() is True
    channel.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, 40, 64])
def test_every_signal_has_a_name(number: int) -> None:
    """Real-time signals, which Python's table lacks, are named too."""
    assert _name_signal(number)


def test_in_process_the_same_server_answers() -> None:
    """The in-process channel answers like the jail's server, exceptions included."""
    channel = InProcessChannel()
    assert channel.start_test() is True
    load = pack_message(Load("def probe(): raise ValueError('no')", "local_probe", []), 1, Encoder(refuse_handle))
    call = pack_message(Call(MODULE, "probe", [], {}), 2, Encoder(refuse_handle))
    _, frame = channel.ask([load, call])
    channel.close()
    reply = unpack_message(frame, Decoder(frame.block, refuse_handle, lambda tensor, body: tensor))
    assert reply == Raised("ValueError", "no", [[1, "probe"]], ["Exception", "BaseException"])


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def probe(): return 10**5000", "UnsendableReply"),
        ("def probe():\n    x = []\n    x.append(x)\n    return x", "UnsendableReply"),
        ("def probe(): raise SystemExit(0)", "SystemExit"),
        ("class Bad(Exception):\n    def __str__(self): raise KeyboardInterrupt\ndef probe(): raise Bad", "Bad"),
        ("def probe(): return missing", "NameError"),
        ("def probe(n): return n", "TypeError"),
        ("x = 1", "AttributeError"),
    ],
    ids=["digits", "cycle", "exit", "bad-str", "name", "signature", "absent"],
)
def test_every_exception_is_a_reply(prober: Prober, source: str, kind: str) -> None:
    """Exceptions of every kind, and results that cannot be sent, are replies; the child lives on."""
    prober.load(source)
    reply = prober.call("probe")
    assert isinstance(reply, Raised) and reply.kind == kind
    assert prober.channel.child is not None


def test_a_server_without_a_submission_says_so() -> None:
    """Asked before `Load`, the server answers instead of failing."""
    frame = Server().answer(pack_message(Call(MODULE, "probe", [], {}), 1, Encoder(refuse_handle)))
    assert frame.header["op"] == "Raised"
