"""Skeletons and notebooks, generated from solutions."""

import ast
import hashlib
import json
import re
import zipfile
from pathlib import Path

import nbformat
import pytest

from grader.authoring.notebook_setup import write_setup
from grader.authoring.release import (
    open_stubs,
    release_assignment,
    render_assignment_notebook,
    render_notebook,
    render_outline,
    render_skeleton,
)
from grader.authoring.student_kit import copy_data, pack_kit
from grader.examiner.forbidden_names import read_given
from grader.examiner.regions import list_shared_todos
from grader.examiner.stubs import list_stubs
from grader.intake import read_submission
from grader.model.assignment import Todo
from grader.model.errors import BrokenSuite
from grader.model.marks import SENTINEL
from grader.tests.support.course import COURSE, load_assignment
from grader.tests.support.toy import SOLUTION, open_project


def test_a_skeleton_has_stubs_in_place_of_solutions():
    """The commented lines below STUB, without their comment sign."""
    skeleton = render_skeleton(SOLUTION)
    assert '    result = FIXME("double")\n    return result\n' in skeleton
    assert "number + number" not in skeleton
    assert "adding is enough" not in skeleton


def test_a_region_without_a_stub_returns_the_sentinel():
    """The usual stub need not be written."""
    assert '    return FIXME("shout")\n' in render_skeleton(SOLUTION)


def test_a_skeleton_holds_no_marker_no_text_and_no_demo():
    """Text cells and cells for the notebook only stay out, and so do the markers."""
    skeleton = render_skeleton(SOLUTION)
    assert "###" not in skeleton
    assert "%%" not in skeleton
    assert "# # Toy" not in skeleton
    assert "print(" not in skeleton


def test_comments_for_students_stay():
    """Comments outside of a region belong to the students."""
    assert "# TODO double: twice the number" in render_skeleton(SOLUTION)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("### BEGIN SOLUTION a\nx = 1", "the solution of 'a' never ends"),
        ("x = 1\n### END SOLUTION", "a solution ends that never began"),
        ("### BEGIN SOLUTION a\n### BEGIN SOLUTION b\n### END SOLUTION", "begins inside the solution of 'a'"),
    ],
)
def test_markers_must_pair(source: str, complaint: str):
    """A forgotten marker would hand out a solution: it is refused."""
    with pytest.raises(BrokenSuite, match=complaint):
        open_stubs(source)


def test_a_stub_keeps_its_indentation():
    """Lines of a stub may be indented further than its region."""
    lines = ["### BEGIN SOLUTION a", "x = 1", "### STUB", "# if y:", "#     x = FIXME('a')", "### END SOLUTION"]
    source = "\n".join(f"    {line}" for line in lines)
    assert open_stubs(source) == "    if y:\n        x = FIXME('a')"


@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_every_skeleton_is_python_with_every_todo_open(name: str):
    """It parses, and each TODO of assignment.toml has a stub, and no other."""
    assignment = load_assignment(name)
    skeleton = render_skeleton(assignment.solution.read_text(encoding="utf-8"))
    ast.parse(skeleton)
    assert {stub.todo for stub in list_stubs(ast.parse(skeleton))} == {todo.id for todo in assignment.todos}


@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_no_skeleton_holds_a_line_of_a_solution(name: str):
    """Lines that only regions hold are in neither the skeleton nor the notebook."""
    solution = load_assignment(name).solution.read_text(encoding="utf-8")
    given = set(open_stubs(solution).split("\n"))
    stubs = {line.strip() for line in given}
    lines = [line.strip() for line in solution.split("\n") if line not in given and "###" not in line]
    secret = {line for line in lines if len(line) > 20 and line.removeprefix("# ") not in stubs}
    outline = render_outline(solution, load_assignment(name).todos)
    handed_out = render_skeleton(solution) + render_open_cells(solution) + outline
    assert secret
    assert not [line for line in secret if line in handed_out]


@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_an_outline_judges_as_the_solution_does(name: str):
    """The same given lines of code and names that an answer reaches, and the same TODOs in one function."""
    assignment = load_assignment(name)
    solution = assignment.read_reference()
    outline = render_outline(solution, assignment.todos)
    whole, given = read_given(solution), read_given(outline)
    assert {line for line in whole.lines if not line.startswith("#")} <= given.lines
    for todo in assignment.todos:
        own = frozenset(place.partition(".")[0] for place in todo.where)
        assert not todo.forbid or given.reach(own) - {SENTINEL} == whole.reach(own) & given.names
    shared = list_shared_todos(assignment.todos, outline)
    assert shared == list_shared_todos(assignment.todos, solution)


def test_an_outline_names_what_an_answer_reaches():
    """Through what it calls; only for a TODO that forbids names, and nothing that only the solution has."""
    solution = SOLUTION.replace("result = number + number", "result = add(number)")
    solution = solution.replace(
        "# %%\ndef double", "import operator\n\n\n# %%\ndef add(n):\n    return operator.add(n, n)\n\n\ndef double"
    )
    todos = (Todo(id="double", title="", points=60, where=("double",), forbid=("math.fsum",)),)
    assert render_outline(solution, todos).splitlines()[-1] == "double = add, operator"
    assert "double =" not in render_outline(solution, ())


def test_a_notebook_is_valid_and_holds_text_and_demos():
    """Cells in order: text, code and what is for the notebook only."""
    notebook = nbformat.reads(render_notebook(SOLUTION, open_todos=True), as_version=4)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "code", "code", "code"]
    assert notebook.cells[3].source == "print(double(2))"
    assert 'FIXME("shout")' in notebook.cells[4].source


def test_a_filled_notebook_holds_the_solution_without_markers():
    """The staff's notebook has the solution, and neither markers nor open TODOs."""
    text = render_notebook(SOLUTION, open_todos=False)
    assert "number + number" in text
    assert "###" not in text
    assert 'FIXME(\\"' not in text


def test_a_setup_cell_becomes_text_and_code_and_stays_out_of_the_module():
    """The empty cell asks for both; without the request a notebook has neither."""
    solution = SOLUTION.replace("# %%\n", '# %% tags=["set-up"]\n\n# %%\n', 1)
    notebook = nbformat.reads(render_notebook(solution, open_todos=True, setup=("Begin here.", "%pip")), as_version=4)
    assert [(cell.cell_type, cell.source) for cell in notebook.cells[1:3]] == [
        ("markdown", "Begin here."),
        ("code", "%pip"),
    ]
    assert render_skeleton(solution) == render_skeleton(SOLUTION)
    assert "Begin here" not in render_notebook(SOLUTION, open_todos=True, setup=("Begin here.", "%pip"))


def test_a_setup_names_the_packages_and_finds_only_the_data_that_there_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """An assignment without data needs no search; one with texts gets `read_sample`."""
    toy = open_project(monkeypatch, tmp_path)
    text, code = write_setup(toy, {"torch", "numpy"})
    assert "!grader check toy.ipynb -a toy" in text
    assert "in ['numpy', 'torch']" in code
    assert "def find_sample" not in code
    assert "device" not in write_setup(toy, {"numpy"})[1]
    description = toy.description.model_copy(update={"data": ("reviews_ko",)})
    _, code = write_setup(toy.model_copy(update={"description": description}), {"torch"})
    assert "def read_sample" in code
    assert "HF_HUB" not in code


@pytest.mark.parametrize(("available", "device"), [(True, "cuda"), (False, "cpu")])
def test_a_setup_picks_the_device_and_says_which(
    available: bool, device: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A GPU if there is one; cells that train a model use the name."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    _, code = write_setup(open_project(monkeypatch, tmp_path), {"torch"})
    names: dict[str, object] = {}
    exec(code[code.index("import torch") :], names)
    assert names["DEVICE"] == device
    assert f"device: {device}" in capsys.readouterr().out


def test_intake_leaves_a_setup_cell_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Grading neither installs anything nor looks for models: only the set-up's functions are definitions."""
    solution = SOLUTION.replace("# %%\n", '# %% tags=["set-up"]\n\n# %%\n', 1)
    toy = open_project(monkeypatch, tmp_path, solution=solution)
    description = toy.description.model_copy(update={"data": ("reviews_ko", "hub")})
    notebook = render_assignment_notebook(toy.model_copy(update={"description": description}), open_todos=True)
    (tmp_path / "toy.ipynb").write_text(notebook, encoding="utf-8")
    source = read_submission(tmp_path / "toy.ipynb", module="toy.py", defines=toy.defines).source
    assert "def double" in source
    assert not {"importlib", "get_ipython", "HF_HUB_CACHE"} & set(re.findall(r"\w+", source))


def test_a_notebook_is_generated_alike_every_time():
    """Cell ids come from the text: nothing changes in version control unless the solution does."""
    assert render_notebook(SOLUTION, open_todos=True) == render_notebook(SOLUTION, open_todos=True)
    ids = [cell["id"] for cell in json.loads(render_notebook(SOLUTION, open_todos=True))["cells"]]
    assert len(set(ids)) == len(ids)


def test_a_release_writes_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The first run writes all files, the second finds nothing to do."""
    toy = open_project(monkeypatch, tmp_path)
    folder = toy.folder
    outline = folder / "tests_public" / "outline.txt"
    outline.parent.mkdir()
    assert release_assignment(toy, None, check=False) == [folder / "toy.py", folder / "toy.ipynb", outline]
    assert release_assignment(toy, None, check=False) == []


def test_a_check_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """`--check` names what is out of step, relative to the course."""
    toy = open_project(monkeypatch, tmp_path)
    folder = toy.folder
    stale = release_assignment(toy, None, check=True)
    assert stale == [Path("assignments/toy/toy.py"), Path("assignments/toy/toy.ipynb")]
    assert not (folder / "toy.py").exists()


def test_a_kit_holds_what_students_need(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Skeleton, notebook, handouts and public tests; no solution."""
    toy = open_project(monkeypatch, tmp_path / "course")
    folder = toy.folder
    (folder / "handout.md").write_text("Read me.")
    (folder / "tests_public").mkdir()
    (folder / "tests_public" / "test_public.py").write_text("")
    release_assignment(toy, tmp_path / "kit", check=False)
    files = {str(path.relative_to(tmp_path / "kit")) for path in (tmp_path / "kit").rglob("*") if path.is_file()}
    wheels = {name for name in files if name.endswith(".whl")}
    assert len(wheels) == 1
    generated = {"toy/toy.py", "toy/toy.ipynb", "toy/README.md", "toy/conftest.py"}
    copied = {
        "toy/assignment.toml",
        "toy/handout.md",
        "toy/tests_public/test_public.py",
        "toy/tests_public/outline.txt",
    }
    assert files - wheels == generated | copied


def test_a_kit_brings_the_tiny_models_even_where_real_ones_have_been_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """A notebook runs offline as handed out, and gigabytes of the staff's stay where they are."""
    toy = open_project(monkeypatch, tmp_path)
    model = Path("models--gpt2")
    files = {
        "manifest.toml": '[hub]\ntitle = "Models"\nfile = "hub/SHA256SUMS"\nlicence = "CC0-1.0"\nsource = "here"\n',
        "hub/SHA256SUMS": f"{hashlib.sha256(b'{}').hexdigest()}  {model}/snapshots/small/config.json\n",
        f"hub/{model}/snapshots/small/config.json": "{}",
        f"hub/{model}/snapshots/real/config.json": "[]",
        f"hub/{model}/refs/tiny": "small",
        f"hub/{model}/refs/main": "real",
    }
    for name, text in files.items():
        path = toy.root / "datasets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    description = toy.description.model_copy(update={"data": ("hub",)})
    copy_data(toy.model_copy(update={"description": description}), tmp_path / "kit")
    copied = {str(path.relative_to(tmp_path / "kit")) for path in (tmp_path / "kit").rglob("*") if path.is_file()}
    assert copied == {"hub/SHA256SUMS", f"hub/{model}/snapshots/small/config.json", f"hub/{model}/refs/main"}
    assert (tmp_path / "kit" / "hub" / model / "refs" / "main").read_text() == "small"


def test_checker_of_a_kit_requires_only_what_it_imports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """No torch, no notebook tools and no database, unless the assignment itself imports them."""
    solution = SOLUTION.replace('"""A toy."""\n', '"""A toy."""\n\nimport json\n\nimport numpy\n')
    toy = open_project(monkeypatch, tmp_path / "course", solution=solution)
    (wheel,) = pack_kit(toy, [], tmp_path / "kit").glob("grader_check-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        needs = re.findall(r"^Requires-Dist: ([\w-]+)", archive.read(metadata).decode(), re.MULTILINE)
        folders = {name.split("/")[1] for name in archive.namelist() if name.startswith("grader/")}
        assert "점수" in archive.read("grader/reporting/locale/ko.json").decode(), "translations need no Babel"
    assert needs == ["numpy", "pydantic", "pytest", "rich", "typer"]
    assert not {"authoring", "classroom", "exports", "grading", "push", "tools"} & folders


def render_open_cells(solution: str) -> str:
    """The text of the students' notebook."""
    return "\n".join(cell["source"] for cell in nbformat.reads(render_notebook(solution, open_todos=True), 4).cells)


def test_the_handout_shows_the_points_of_assignment_toml(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """In rows that begin with the TODO's id and end with a number, and nowhere else."""
    toy = open_project(monkeypatch, tmp_path)
    handout = toy.folder / "handout.md"
    handout.write_text("| TODO | points |\n|---|---|\n| `double` | twice a number | 5 |\n| `shout` | see below |\n5\n")
    release_assignment(toy, None, check=False)
    assert handout.read_text().split("\n")[2:] == [
        "| `double` | twice a number | 60 |",
        "| `shout` | see below |",
        "5",
        "",
    ]
