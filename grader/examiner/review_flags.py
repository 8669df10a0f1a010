"""Flag code for review that does something no TODO needs. Flags cost no points and are not shown to the student.

Honest code can trigger these flags and a careful attacker can avoid them. They help staff decide where to look; they
are not a security control.
"""

import ast
from collections.abc import Iterator, Sequence

from grader.examiner.source_findings import Inspection, Oddity
from grader.model.report import CheckResult
from grader.model.submission import Submission
from grader.model.verdict import Verdict

MODULES = frozenset("ctypes faulthandler gc inspect mmap multiprocessing pty signal socket subprocess _socket".split())
NAMES = {
    "builtins": frozenset("__import__ compile eval exec isinstance open".split()),
    "os": frozenset("_exit abort environ fork forkpty kill killpg listdir popen posix_spawn scandir system".split()),
    "sys": frozenset("_current_frames _getframe modules setprofile settrace".split()),
}
PLACES = (".grader", "/etc/", "/proc/", "/sys/", "expected.toml", "solutions/", "tests_hidden")
# Verdicts of replies and system calls that no honest code makes.
REFUSED = frozenset({Verdict.FORBIDDEN, Verdict.MALFORMED_REPLY})


def list_oddities(tree: ast.Module) -> list[Oddity]:
    """Return each kind of odd code in a module, in the order of their first places."""
    lines: dict[str, int] = {}
    for what, line in _list_odd(tree):
        lines.setdefault(what[:160], line)
    return [Oddity(what, line) for what, line in lines.items()]


def describe_refusals(results: Sequence[CheckResult]) -> tuple[str, ...]:
    """Return a remark on the tests that met what no honest code does."""
    refused = [result for result in results if result.status in REFUSED]
    return (f"{len(refused)} tests met what is not allowed, first: {refused[0].message[:160]}",) if refused else ()


def _list_odd(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((f"imports {name.name}", node.lineno) for name in names if _is_odd_module(name.name))
            case ast.ImportFrom(module=str(origin), names=names):
                odd = [name.name for name in names if _is_odd_module(origin) or name.name in NAMES.get(origin, ())]
                yield from ((f"imports {origin}.{name}", node.lineno) for name in odd)
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if name in NAMES.get(owner, ()):
                yield f"uses {owner}.{name}", node.lineno
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.BinOp() | ast.JoinedStr() | ast.Call(), *_]):
                yield "reads an attribute by a name that it makes up", node.lineno
            case ast.Constant(value=str(text)) if len(text) < 200 and any(place in text for place in PLACES):
                yield f"names {text!r}", node.lineno


def _is_odd_module(name: str) -> bool:
    return name.split(".")[0] in MODULES


def describe_remarks(inspection: Inspection, submission: Submission, results: Sequence[CheckResult]) -> tuple[str, ...]:
    """Return what staff may want to look at. It costs no points, and no student sees it."""
    if submission.refused:
        return describe_refusals(results)
    remarks = [f"{one.what} ({submission.locate(one.line).describe()})" for one in inspection.oddities]
    if inspection.more_oddities:
        remarks.append(f"and {inspection.more_oddities} more")
    remarks += describe_refusals(results)
    remarks += [f"{one.todo}: {one.what} ({submission.locate(one.line).describe()})" for one in inspection.unclear]
    if inspection.more_unclear:
        remarks.append(f"and {inspection.more_unclear} more of the kind")
    return tuple(remarks)
