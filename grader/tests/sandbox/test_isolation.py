"""The wall around a zygote: what it survives, how it ends, and when it is refused."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.model.errors import BrokenJail, IsolationUnavailable
from grader.model.verdict import SubmissionError
from grader.sandbox import bubblewrap
from grader.sandbox import jail as jail_module
from grader.sandbox.channel import JailChannel
from grader.sandbox.isolation import Isolation
from grader.sandbox.jail import Jail, choose_isolation
from grader.sandbox.runtime import list_strangers
from grader.sandbox.start import FIRST_HOST_UID, choose_uid
from grader.tests.conftest import ROOMY, TIGHT, Prober, write_probe
from grader.wire.messages import Raised

ATTACKS = {
    "kill-all": "os.kill(-1, 9)",
    "kill-group": "os.killpg(0, 15)",
    "kill-zygote": "[os.kill(number, 9) for number in range(2, 100)]",
    "fork-bomb": "while True: os.fork()",
    "process-flood": "[subprocess.Popen(['/bin/true']) for _ in range(100)]",
    "close-all": "os.closerange(0, 64)",
    "shut-channel": "for number in range(3, 64):\n"
    "    try: socket.socket(fileno=number).shutdown(2)\n    except OSError: pass",
    "full-disk": "open('/tmp/x', 'wb').write(bytes(1 << 26))",
    "recursion": "(lambda f: f(f))(lambda f: f(f))",
    "deep-stack": "sys.setrecursionlimit(10**9)\n(lambda f: f(f))(lambda f: f(f))",
    "long-output": "[os.write(1, bytes(1 << 20)) for _ in range(20)]",
    "patched-server": "for name in list(sys.modules):\n"
    "    if name.startswith('grader'): vars(sys.modules[name]).clear()",
}


@pytest.fixture
def own_jail() -> Iterator[Jail]:
    """A zygote that a test may break."""
    jail = Jail((), Isolation.BWRAP)
    yield jail
    jail.close()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_zygote_serves_the_next_child(hurried: Prober, attack: str) -> None:
    """The same zygote forks another child that answers, after any damage to the first."""
    zygote = hurried.channel.jail.process
    hurried.load(write_probe(attack))
    with contextlib.suppress(SubmissionError):
        hurried.call("probe")
    hurried.channel.close()
    assert hurried.answers()
    assert hurried.channel.jail.process is zygote and zygote.poll() is None


def test_nothing_is_left_of_a_child(jail: Jail) -> None:
    """A child that is closed is gone from the process table, threads and all."""
    prober = Prober(JailChannel(jail, ROOMY))
    prober.run("import threading, time\ndef probe(): threading.Thread(target=time.sleep, args=(1000,)).start()")
    assert prober.channel.child is not None
    tasks = Path(f"/proc/{prober.channel.child.host_pid}/task")
    prober.channel.close()
    assert not tasks.exists()


def test_failed_import_is_named() -> None:
    """A zygote that cannot import what an assignment needs says which module is missing."""
    jail = Jail(("no_such_module",), Isolation.BWRAP)
    with pytest.raises(BrokenJail, match="no_such_module"):
        jail.wait_ready()
    jail.close()


def test_dead_zygote_is_the_graders_fault(own_jail: Jail) -> None:
    """No submission is blamed if the zygote is gone."""
    own_jail.wait_ready()
    own_jail.process.send_signal(signal.SIGKILL)
    own_jail.process.wait()
    with pytest.raises(BrokenJail):
        own_jail.spawn(TIGHT)


def test_closing_a_jail_ends_its_children(own_jail: Jail) -> None:
    """With the zygote everything in its namespace ends."""
    child = own_jail.spawn(TIGHT)
    own_jail.close()
    child.connection.setblocking(True)
    with child.connection:
        assert child.connection.recv(1) == b""
    os.close(child.pidfd)


def test_without_bubblewrap_it_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No isolation, no grading: the message says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(IsolationUnavailable, match="apt install bubblewrap"):
        choose_isolation()


def test_changing_users_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """`setuid` is refused to anybody who cannot change users."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(IsolationUnavailable, match="root"):
        choose_isolation("setuid")


@pytest.mark.parametrize(("obstacle", "expected"), [("", Isolation.BWRAP), ("refused", Isolation.SETUID)])
def test_auto_takes_the_best_there_is(monkeypatch: pytest.MonkeyPatch, obstacle: str, expected: Isolation) -> None:
    """A jail where one stands, another user where none does."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(jail_module, "find_obstacle", lambda: obstacle)
    assert choose_isolation("auto") is expected


def test_auto_never_goes_without_a_wall(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No bubblewrap and no root: refused."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "no program 'bwrap'" in jail_module.find_obstacle()
    with pytest.raises(IsolationUnavailable, match="root"):
        choose_isolation("auto")


@pytest.mark.parametrize("isolation", Isolation)
def test_only_root_can_change_users(monkeypatch: pytest.MonkeyPatch, isolation: Isolation) -> None:
    """Run by a plain user, no child is given another user's name."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert choose_uid(isolation) is None


def test_setuid_child_gets_a_user_without_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a namespace the child becomes a user that no account has."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    uid = choose_uid(Isolation.SETUID)
    assert uid is not None and uid >= FIRST_HOST_UID


def test_a_checkout_below_the_driver_is_covered() -> None:
    """A project folder that comes in with /usr is hidden, by something that cannot be written."""
    arguments = " ".join(bubblewrap.build_wall("cuda", Path("/usr/src/course")))
    assert "--tmpfs /usr/src/course --remount-ro /usr/src/course" in arguments


def install(folder: Path, name: str, requires: str = "") -> None:
    """Make the traces that an installer leaves of a package with one file."""
    module = name.replace("-", "_")
    info = folder / f"{module}-1.dist-info"
    for path in (folder / module, info):
        path.mkdir()
    required = f"Requires-Dist: {requires}; python_version > '3'\n" if requires else ""
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n{required}\nRequires-Dist: other\n")
    (info / "RECORD").write_text(f"{module}/__init__.py,,\n{info.name}/METADATA,,\n")


def test_what_no_required_package_installed_is_covered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of a copy of the grader, another package and a stray file among the packages nothing is seen."""
    install(tmp_path, "grader", "Torch_Like>=2")
    install(tmp_path, "torch-like")
    install(tmp_path, "other")
    (tmp_path / "stray.py").touch()
    monkeypatch.setattr(bubblewrap, "list_site_packages", lambda: [(str(tmp_path), "/site/0")])
    arguments = bubblewrap.build_wall("cpu", None)
    covered = {target for target in arguments if target.startswith("/site/0/")}
    assert covered == {"/site/0/grader", "/site/0/other", "/site/0/other-1.dist-info", "/site/0/stray.py"}


def test_in_a_bundle_every_package_is_shown(tmp_path: Path) -> None:
    """There the grader is a plain folder, and the packages were installed for it alone."""
    install(tmp_path, "torch-like")
    (tmp_path / "stray.py").touch()
    assert list(list_strangers(tmp_path)) == ["stray.py"]


def test_without_a_wall_calls_are_still_refused() -> None:
    """Isolation `none` keeps the filter: not even trusted code starts processes by accident."""
    jail = Jail((), Isolation.NONE)
    prober = Prober(JailChannel(jail, ROOMY))
    reply = prober.run("import os\ndef probe(): return os.fork()")
    prober.channel.close()
    jail.close()
    assert isinstance(reply, Raised) and reply.kind == "PermissionError"
