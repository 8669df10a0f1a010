"""The imports between parts, and what the trusted side never does: proved from the sources."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import grader

PACKAGE = Path(grader.__file__).parent
INSIDE = sorted([*(PACKAGE / "wire").glob("*.py"), *(PACKAGE / "jail").glob("*.py")])
# Beside the inside, tests, what the red team hands in, and files of other courses: none of it is imported here.
ELSEWHERE = ("wire", "jail", "tests", "redteam/attacks", "redteam/honest", "authoring/templates", "docs/examples")
OUTSIDE = sorted(
    path for path in PACKAGE.rglob("*.py") if not any(path.is_relative_to(PACKAGE / folder) for folder in ELSEWHERE)
)
# Each folder imports only folders before it.
ORDER = (
    "model",
    "wire",
    "jail",
    "intake",
    "sandbox",
    "examiner",
    "student",
    "reporting",
    "grading",
    "classroom",
    "exports",
    "push",
    "authoring",
    "server",
    "tools",
    "redteam",
    "cli",
)
# Where the solution, which is ours, becomes a module; where one of a few fixed names, or the package that holds what an
# author forbids, is looked up; and, on a student's own machine, the process that runs the student's code.
MAY_EXECUTE = {"examiner/examination.py"}
MAY_IMPORT_BY_NAME = {"examiner/__init__.py", "examiner/canonical.py", "student/check.py"}
PARSE_THE_COURSE = {
    *("model/assignment.py", "grading/suite_fingerprint.py", "authoring/null_answers.py", "tools/source_tree.py"),
    "authoring/author_mistakes.py",
    "authoring/mutants/operators.py",
    "authoring/mutants/regions.py",
    "authoring/corpus_mistakes.py",
    "authoring/requirements.py",
    "authoring/solution_mistakes.py",
    "authoring/student_wheel.py",
    "authoring/graded_answers.py",
    "authoring/suite_mistakes.py",
    "tools/message_catalogue.py",
}
UNPICKLERS = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "runpy", "imp"}
STANDARD = sys.stdlib_module_names
# Where tensors, arrays and tables come from; imported inside functions, so that a jail without them has none.
LAZY = {"torch", "numpy", "pandas"}


def name_of(path: Path) -> str:
    """A source's path within the package."""
    return path.relative_to(PACKAGE).as_posix()


def read_tree(path: Path) -> ast.Module:
    """The syntax tree of one source."""
    return ast.parse(path.read_text(encoding="utf-8"))


def find_imports(tree: ast.AST) -> Iterator[str]:
    """The full name of every module that is imported anywhere in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            # `from grader import wire` names the folder only behind the `import`.
            yield from {f"grader.{alias.name}" for alias in node.names} if node.module == "grader" else {node.module}


def find_imported_folders(folder: str) -> dict[str, list[str]]:
    """Return the other folders that a folder imports, each with the modules that do, imports in functions included."""
    found: dict[str, list[str]] = {}
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        if path not in OUTSIDE and path not in INSIDE:
            continue
        for name in find_imports(read_tree(path)):
            parts = name.split(".")
            if parts[0] == "grader" and parts[1:2] not in ([], [folder]):
                found.setdefault(parts[1], []).append(name_of(path))
    return found


def find_calls(tree: ast.AST) -> Iterator[str]:
    """The last name of everything that is called: `f` of `f()`, `a.f()` and `a.b.f()`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func)


def skip_annotations(tree: ast.Module) -> ast.Module:
    """The tree without its `if TYPE_CHECKING:` blocks, which never run."""
    body = [node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")]
    return ast.Module(body, tree.type_ignores)


def test_every_folder_has_its_place() -> None:
    """ORDER names every folder with code once, and only those."""
    folders = {path.relative_to(PACKAGE).parts[0] for path in {*INSIDE, *OUTSIDE} if path.parent != PACKAGE}
    assert sorted(ORDER) == sorted(folders)


def test_architecture_lists_the_folders_in_their_order() -> None:
    """Its table reads from the top down, so that each folder imports only folders below it."""
    text = (PACKAGE / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE) == list(reversed(ORDER))


@pytest.mark.parametrize("folder", ORDER)
def test_folder_imports_only_folders_before_it(folder: str) -> None:
    """So no two folders import each other, directly or by way of others."""
    before = ORDER[: ORDER.index(folder)]
    assert {name: users for name, users in find_imported_folders(folder).items() if name not in before} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import grader.cli.app",
        "import json, grader.cli",
        "from grader.cli import app",
        "from grader import cli",
        "def f():\n    from grader.cli.app import main",
        "if TYPE_CHECKING:\n    from grader.cli.app import main",
        "try:\n    import grader.cli.app as a\nexcept ImportError:\n    pass",
    ],
)
def test_no_spelling_of_an_import_is_overlooked(source: str) -> None:
    """At the top, inside a function, for type checkers only, and by either statement."""
    assert [name for name in find_imports(ast.parse(source)) if name.startswith("grader.cli")] != []


@pytest.mark.parametrize("path", INSIDE, ids=name_of)
def test_the_inside_imports_only_itself(path: Path) -> None:
    """Under wire/ and jail/ nothing of ours is imported but wire/ and jail/, and wire/ knows no jail."""
    allowed = ("grader.wire.",) if path.parent.name == "wire" else ("grader.wire.", "grader.jail.")
    ours = [name for name in find_imports(read_tree(path)) if name.split(".")[0] == "grader"]
    assert [name for name in ours if not name.startswith(allowed)] == []


@pytest.mark.parametrize("path", INSIDE, ids=name_of)
def test_the_inside_needs_the_standard_library_only(path: Path) -> None:
    """torch, numpy and the like are imported by the function that meets their values, anything else never."""
    tree = skip_annotations(read_tree(path))
    anywhere = {name.split(".")[0] for name in find_imports(tree)}
    statements = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    at_once = {name.split(".")[0] for node in statements for name in find_imports(node)}
    assert at_once <= STANDARD | {"grader"}
    assert anywhere - at_once <= STANDARD | {"grader"} | LAZY


@pytest.mark.parametrize("path", OUTSIDE, ids=name_of)
def test_the_trusted_side_executes_no_text(path: Path) -> None:
    """`exec`, `eval` and `compile` are called nowhere but where the solution is loaded."""
    found = {"exec", "eval", "compile", "__import__"} & set(find_calls(read_tree(path)))
    assert found == ({"exec", "compile"} if name_of(path) in MAY_EXECUTE else set())


@pytest.mark.parametrize("path", OUTSIDE, ids=name_of)
def test_the_trusted_side_unpickles_nothing(path: Path) -> None:
    """No module that rebuilds objects from bytes is imported, and `torch.load` is not called."""
    tree = read_tree(path)
    assert not UNPICKLERS & {name.split(".")[0] for name in find_imports(tree)}
    assert not {"torch.load", "numpy.load", "np.load", "yaml.load"} & set(find_calls(tree))


def test_a_students_text_is_parsed_behind_the_wall_only() -> None:
    """Python is parsed by what runs there as well, by a student's own check, and by what reads texts of our own."""
    parsers = {name_of(path) for path in OUTSIDE if "ast.parse" in find_calls(read_tree(path))}
    assert {name for name in parsers if not name.startswith(("intake/", "examiner/", "student/"))} == PARSE_THE_COURSE


@pytest.mark.parametrize("path", OUTSIDE, ids=name_of)
def test_the_trusted_side_imports_nothing_by_name(path: Path) -> None:
    """A module's name never comes from data."""
    tree = read_tree(path)
    importers = {"import_module", "spec_from_file_location", "exec_module", "load_module"}
    names = {call.split(".")[-1] for call in find_calls(tree)} & importers
    assert names == ({"import_module"} if name_of(path) in MAY_IMPORT_BY_NAME else set())


@pytest.mark.parametrize("path", sorted({*INSIDE, *OUTSIDE}), ids=name_of)
def test_nothing_starts_a_shell(path: Path) -> None:
    """No command line is ever put together as text."""
    tree = read_tree(path)
    keywords = [word for node in ast.walk(tree) if isinstance(node, ast.Call) for word in node.keywords]
    assert not any(word.arg == "shell" for word in keywords)
    assert not {"os.system", "os.popen"} & set(find_calls(tree))


def test_help_comes_without_the_slow_imports() -> None:
    """`grader --help` imports neither torch nor pydantic, nor what stands on them."""
    script = (
        "import sys; sys.argv = ['grader', '--help']\n"
        "from grader.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit: pass\n"
        "print('\\nSLOW', sorted({'torch', 'pydantic', 'transformers', 'numpy', 'pytest'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=600)
    assert run.stdout.splitlines()[-1] == "SLOW []"
    assert "batch" in run.stdout
