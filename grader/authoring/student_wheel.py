"""The checker as one wheel, for a kit: students install it with pip, or pytest imports from it where it lies.

It holds what `grader check` and the tests' own helpers import, and requires only what these and the assignment do. It
is written by hand rather than by a build tool: a kit needs no network, and the same sources give the same bytes.
"""

import ast
import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from grader.model.errors import UsageError
from grader.reporting.archives import pack_zip
from grader.reporting.catalogue import LOCALE, dump_catalogue, list_catalogues

PACKAGE = Path(__file__).resolve().parents[1]
NAME = "grader"
CHECKER = "grader-check"
LEFT_OUT = {"tests", "redteam", "__pycache__"}
# New courses and assignments are made where the grader itself is installed; the examples are for their authors.
TEMPLATES = (PACKAGE / "authoring" / "templates", PACKAGE / "docs" / "examples")
# The command, the plugin of public tests, and what a public test may import.
ROOTS = (
    "grader.cli.check",
    "grader.examiner.plugin",
    "grader.examiner.module_tools",
    "grader.examiner.parity",
    "grader.examiner.suite_tools",
    "grader.examiner.text_answers",
    "grader.student.check",
)
# What is imported inside functions that a check does not reach: to grade, to run tests by hand, and for GPUs.
NOT_NEEDED = frozenset(
    {
        "grader.examiner.failure_display",
        "grader.examiner.manual_run",
        "grader.jail.sample",
        "grader.wire.virtual_device",
    }
)
# What a wheel's installer reads: pure Python, for any system.
TAGS = f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
ENTRY_POINTS = """\
[console_scripts]
grader = grader.cli.check:main

[pytest11]
grader = grader.examiner.plugin
"""


def write_wheel(folder: Path, requirements: Sequence[str]) -> Path:
    """Write the wheel into `folder`. Raises UsageError where the grader was never installed, not even as editable."""
    try:
        number = version(NAME)
    except PackageNotFoundError:
        raise UsageError(f"{NAME!r} is not installed, so its version is not known: run `make setup` first") from None
    stem = f"{CHECKER.replace('-', '_')}-{number}"
    info = f"{stem}.dist-info"
    files = {place: path.read_bytes() for place, path in list_check_sources().items()}
    for path in list_catalogues(LOCALE):
        place = path.with_suffix(".json").relative_to(PACKAGE).as_posix()
        files[f"{NAME}/{place}"] = dump_catalogue(path).encode()
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requirements)
    head = f"Metadata-Version: 2.1\nName: {CHECKER}\nVersion: {number}\nRequires-Python: >=3.11\n"
    files[f"{info}/METADATA"] = (head + needs).encode()
    files[f"{info}/entry_points.txt"] = ENTRY_POINTS.encode()
    files[f"{info}/WHEEL"] = TAGS.encode()
    records = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        records.append(f"{name},sha256={digest},{len(data)}")
    files[f"{info}/RECORD"] = "\n".join([*records, f"{info}/RECORD,,", ""]).encode()
    wheel = folder / f"{stem}-py3-none-any.whl"
    wheel.write_bytes(pack_zip(files))
    return wheel


def list_check_sources() -> dict[str, Path]:
    """Return the files that ROOTS import, directly or not, under their paths in an archive, sorted."""
    found: dict[str, Path] = {}
    waiting = list(ROOTS)
    while waiting:
        module = waiting.pop()
        path = _find_source(module)
        if path is None or module in found or module in NOT_NEEDED:
            continue
        found[module] = path
        waiting += [module.rpartition(".")[0]] if "." in module else []
        for node in _list_nodes(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    return {f"{NAME}/{path.relative_to(PACKAGE).as_posix()}": path for path in sorted(found.values())}


def _list_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """List the nodes of a module without those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from _list_nodes(node)


def _find_source(module: str) -> Path | None:
    if module != NAME and not module.startswith(f"{NAME}."):
        return None
    place = PACKAGE.joinpath(*module.split(".")[1:])
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def list_sources() -> dict[str, Path]:
    """Return the package's files under their paths in an archive, sorted, without tests and attacks."""
    paths = sorted(path for path in PACKAGE.rglob("*") if path.is_file())
    paths = [path for path in paths if not any(path.is_relative_to(folder) for folder in TEMPLATES)]
    kept = [path for path in paths if not LEFT_OUT & set(path.relative_to(PACKAGE).parts)]
    return {f"{NAME}/{path.relative_to(PACKAGE).as_posix()}": path for path in kept}
