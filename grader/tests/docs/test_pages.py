"""The documentation holds together: links lead somewhere, and lists in it match the code. Nothing uses the network."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import grader
from grader.exports import FORMATS
from grader.intake.downloads import LAYOUTS
from grader.model.report import GradeReport
from grader.model.verdict import MEANINGS

PACKAGE = Path(grader.__file__).parent
ROOT = PACKAGE.parent
DOCS = PACKAGE / "docs"
PAGES = sorted(
    path
    for pattern in (
        "*.md",
        "*/README.md",
        "assignments/*/*.md",
        "grader/*.md",
        "grader/*/README.md",
        "grader/docs/*.md",
    )
    for path in ROOT.glob(pattern)
)
WIDTH = 120


def name_of(path: Path) -> str:
    """Return a page's path within the repository."""
    return path.relative_to(ROOT).as_posix()


def read_prose(path: Path) -> str:
    """Return a page without its code blocks and inline code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def list_anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and the generator make them."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", title.lower()).strip()) for title in titles}


def find_broken_links(path: Path) -> Iterator[str]:
    """Return the links of a page that lead to no file or to no heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", read_prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        found = (path.parent / place).resolve() if place else path
        if not found.exists() or (anchor and anchor not in list_anchors(found)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Files and headings exist."""
    assert list(find_broken_links(page)) == []


def test_find_broken_links_finds_them(tmp_path: Path) -> None:
    """A missing file, a missing heading; not code and not the web."""
    (tmp_path / "other.md").write_text("# A: heading, here\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md#a-heading-here) [b](none.md) [c](other.md#none) `[d](code.md)` [e](https://x.test) [f](#none)\n",
        encoding="utf-8",
    )
    assert list(find_broken_links(page)) == ["none.md", "other.md#none", "#none"]


def test_every_page_is_in_the_navigation() -> None:
    """A page that no menu names would not be found."""
    config = tomllib.loads((ROOT / ".ci" / "zensical.toml").read_text(encoding="utf-8"))
    named = set(re.findall(r"[\w./-]+\.md", str(config["project"]["nav"])))
    assert {name_of(page) for page in DOCS.glob("*.md")} <= named
    assert {name for name in named if not (ROOT / name).is_file()} == set()


def test_architecture_names_files_that_exist() -> None:
    """Paths in it are relative to the package; `<...>` stands for a name to choose."""
    text = (PACKAGE / "ARCHITECTURE.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:[\w]+/)+(?:\w+\.\w+)?)`", text)
    ours = [path for path in paths if not path.startswith(("tests_hidden/", "assignments/", "solutions/", "datasets/"))]
    assert len(ours) > 30
    assert [path for path in ours if not (PACKAGE / path).exists()] == []


def test_architecture_names_every_folder() -> None:
    """The table of folders is complete."""
    text = (PACKAGE / "ARCHITECTURE.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {folder for folder in folders if f"`{folder}/`" not in text} == set()


def test_systems_page_names_every_format_and_layout() -> None:
    """Each export can be found there, and each layout has a page."""
    text = (DOCS / "systems.md").read_text(encoding="utf-8")
    assert {name for name in FORMATS if f"`{name}`" not in text} == set()
    pages = {"github": "github-classroom", "login": "nbgrader"}
    systems = {layout.system for layout in LAYOUTS} - {""}
    assert {system for system in systems if f"({pages.get(system, system)}.md)" not in text} == set()


def test_report_page_names_every_field_and_verdict() -> None:
    """Readers of the JSON find each field; students find each verdict."""
    text = (DOCS / "report.md").read_text(encoding="utf-8")
    assert {name for name in [*GradeReport.model_fields, *MEANINGS] if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=name_of)
def test_lines_fit(page: Path) -> None:
    """Rows of the generated reference may be longer."""
    if page.name != "commands.md":
        lines = page.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if len(line) > WIDTH] == []
