"""Student code in a real jail reaches no file of the grader or the host, and no other process."""

import os
from pathlib import Path

import pytest

from grader.sandbox.bubblewrap import find_python, list_environment, list_site_packages, list_telltales
from grader.sandbox.channel import JailChannel
from grader.sandbox.jail import Jail
from grader.sandbox.runtime import find_linker, list_libraries, list_required, list_strangers
from grader.sandbox.start import FIRST_HOST_UID
from grader.tests.conftest import ROOMY, Prober
from grader.tests.support.course import COURSE

LIST_TREE = """
    import os

    def probe(root):
        return [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]
"""
EXISTS = """
    import os

    def probe(paths):
        return [path for path in paths if os.path.lexists(path)]
"""


def test_only_wire_and_jail_are_there_of_ours(prober: Prober) -> None:
    """The package inside holds two folders and nothing beside them."""
    found = prober.run(LIST_TREE, "/jail")
    folders = {Path(path).relative_to("/jail/grader").parts[0] for path in found}
    assert folders == {"__init__.py", "wire", "jail"}


def test_the_trusted_side_cannot_be_imported(prober: Prober) -> None:
    """Neither the examiner, nor the table of verdicts, nor an installed copy of the package is on the path."""
    source = """
        import importlib

        def probe(names):
            found = []
            for name in names:
                try:
                    importlib.import_module(name)
                    found.append(name)
                except ImportError:
                    pass
            return found
    """
    ours = [
        "grader.examiner",
        "grader.model.verdict",
        "grader.model.assignment",
        "grader.intake",
        "grader.cli.app",
        "grader.tests",
    ]
    assert prober.run(source, ours) == []


def test_the_project_folder_is_not_there(prober: Prober) -> None:
    """No hidden test, solution or folder of the course exists under its own path."""
    folders = ("", "grader", "tests_hidden", "solutions", "assignments", ".git")
    assert prober.run(EXISTS, [str(COURSE.root / folder) for folder in folders]) == []


def test_no_file_of_the_hidden_side_is_anywhere(prober: Prober) -> None:
    """Searched from the root, leaving out the runtime, no folder holds a hidden test or a solution."""
    source = """
        import os

        def probe(runtime):
            found = []
            for folder, folders, names in os.walk("/"):
                folders[:] = [name for name in folders if os.path.join(folder, name) not in runtime]
                found += [os.path.join(folder, name) for name in folders + names]
            return found
    """
    found = prober.run(source, ["/site", "/python"])
    assert not [path for path in found if {"tests_hidden", "solutions", "corpus"} & set(Path(path).parts)]


def test_what_can_be_listed_is_what_is_needed(prober: Prober) -> None:
    """Of the system the libraries that Python and its packages link to, one linker and one locale; no program but
    Python, and of the packages those of the lock."""
    source = """
        import os

        def probe():
            found = []
            for folder, folders, names in os.walk("/"):
                folders[:] = [name for name in folders if os.path.join(folder, name) not in SHOWN]
                found += [os.path.join(folder, name) for name in names]
            return sorted(os.listdir("/")), found, sorted(os.listdir("/site/0"))

        SHOWN = ("/site", "/python/lib", "/jail", "/datasets", "/dev", "/usr/lib/locale")
    """
    top, files, packages = prober.run(source)
    assert set(top) <= {"datasets", "dev", "jail", "lib", "lib64", "proc", "python", "site", "tmp", "usr"}
    folder = Path(list_site_packages()[0][0])
    libraries = list_libraries((folder,))
    others = {Path(path).name for path in files} - libraries.keys()
    assert others <= {find_linker().name, Path(find_python()).name}
    assert set(packages) - set(list_strangers(folder)) <= {
        entry for found in list_required(folder) for entry in found.entries
    } | {"__pycache__"}


def test_the_host_is_not_there(prober: Prober) -> None:
    """Accounts, homes, logs, other processes and the host's temporary files do not exist."""
    accounts, processes = ["/etc/passwd", "/etc/shadow", "/home"], ["/proc/self", "/proc/1"]
    folders = ["/var", "/sys", "/run", "/mnt", "/srv", "/opt"]
    assert prober.run(EXISTS, accounts + processes + folders) == []


def test_the_environment_is_the_listed_one(prober: Prober) -> None:
    """Every variable is one that the launcher lists; PWD is bubblewrap's own."""
    found = dict(prober.run("import os\ndef probe(): return dict(os.environ)"))
    assert found.pop("PWD", "/tmp") == "/tmp"
    assert found == list_environment()


def test_the_environment_of_the_grader_stays_outside(prober: Prober) -> None:
    """No value of the grader's own environment is found in the memory that holds the child's."""
    source = "import os\ndef probe(): return [value for value in os.environb.values()]"
    kept = set(list_environment().values())
    secrets = {value for value in os.environ.values() if len(value) > 8} - kept
    assert not {value.decode() for value in prober.run(source)} & secrets


def test_only_the_channel_is_open(prober: Prober) -> None:
    """Of all descriptors three are /dev/null and one is the channel."""
    source = """
        import os, stat

        def probe():
            kinds = []
            for number in range(4096):
                try:
                    kinds.append(stat.S_IFMT(os.fstat(number).st_mode))
                except OSError:
                    pass
            return [stat.S_ISCHR(kind) for kind in kinds], [stat.S_ISSOCK(kind) for kind in kinds]
    """
    assert prober.run(source) == ([True] * 3 + [False], [False] * 3 + [True])


def test_it_is_alone_among_processes(prober: Prober) -> None:
    """It is the first process of its own namespace, and there is no other to signal."""
    source = """
        import os

        def probe():
            others = []
            for number in range(2, 2000):
                try:
                    os.kill(number, 0)
                    others.append(number)
                except ProcessLookupError:
                    pass
            return os.getpid(), os.getppid(), others
    """
    assert prober.run(source) == (1, 0, [])


def test_it_is_not_a_user_of_the_host(prober: Prober) -> None:
    """Graded by root, it is a host user that no account has; graded by a user, it is that user without any right."""
    prober.load("def probe(): return 1")
    assert prober.channel.child is not None
    host_pid = int(prober.channel.child.host_pid)
    owner = Path(f"/proc/{host_pid}/status").read_text().split("Uid:")[1].split()[:4]
    expected = FIRST_HOST_UID + 999 if os.geteuid() == 0 else os.geteuid()
    assert owner == [str(expected)] * 4


@pytest.mark.parametrize(
    ("field", "expected"),
    [("CapEff", 0), ("CapPrm", 0), ("CapInh", 0), ("CapBnd", 0), ("CapAmb", 0), ("NoNewPrivs", 1), ("Seccomp", 2)],
)
def test_no_right_is_left(prober: Prober, field: str, expected: int) -> None:
    """The kernel says: no capability in any set, no new privileges ever, system calls filtered."""
    prober.load("def probe(): return 1")
    assert prober.channel.child is not None
    status = Path(f"/proc/{prober.channel.child.host_pid}/status").read_text()
    assert int(status.split(f"{field}:")[1].split()[0], 16) == expected


def test_only_its_own_tmpfs_can_be_written(prober: Prober) -> None:
    """Of all folders that it can see outside the runtime, only /tmp takes a file."""
    source = """
        import os

        def probe(extra):
            writable = []
            for folder in ["/", *(f"/{name}" for name in os.listdir("/")), *extra]:
                try:
                    with open(os.path.join(folder, "left"), "w"):
                        writable.append(folder)
                except OSError:
                    pass
            return sorted(writable)
    """
    extra = ["/jail/grader", "/jail/grader/jail", "/site/0", "/usr/lib", "/usr/local", "/var/tmp", "/dev/shm"]
    assert prober.run(source, extra) == ["/tmp"]


def test_there_are_three_devices(prober: Prober) -> None:
    """No terminal, no disk, no /dev/zero (whose shared mappings no limit would count)."""
    assert prober.run("import os\ndef probe(): return sorted(os.listdir('/dev'))") == ["null", "random", "urandom"]


def test_two_children_of_one_zygote_do_not_see_each_other(jail: Jail) -> None:
    """A file that one child leaves in /tmp does not exist for the next, nor for one that lives beside it."""
    first, second = Prober(JailChannel(jail, ROOMY)), Prober(JailChannel(jail, ROOMY))
    write = "import os\ndef probe():\n    open('/tmp/mine', 'w').close()\n    return os.listdir('/tmp')"
    try:
        assert first.run(write) == ["mine"]
        assert second.run("import os\ndef probe(): return os.listdir('/tmp')") == []
        first.channel.close()
        assert first.run("import os\ndef probe(): return os.listdir('/tmp')") == []
    finally:
        first.channel.close()
        second.channel.close()


def test_no_installed_file_names_a_folder_of_the_host(prober: Prober) -> None:
    """Notes of an editable install or of pip about this machine cannot be read."""
    covered = [
        f"{target}/{path.relative_to(source)}"
        for source, target in list_site_packages()
        for path in list_telltales(Path(source))
    ]
    source = """
        def probe(paths):
            found = []
            for path in paths:
                try:
                    found.append(open(path, "rb").read())
                except OSError:
                    continue
            return [text for text in found if text]
    """
    assert any(path.endswith("direct_url.json") for path in covered)
    assert prober.run(source, covered) == []
