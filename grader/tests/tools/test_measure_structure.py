"""The figures of a small package whose structure is known."""

from pathlib import Path

import pytest

from grader.tools.measure_structure import format_table, list_details, main, measure_package
from grader.tools.source_tree import find_cycles, find_packages

SOURCES = {
    "__init__.py": "",
    "top.py": "from house.inner import a\n\n\nclass Finding:\n    pass\n",
    "typed.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import house.top\n",
    "inner/__init__.py": "",
    "inner/a.py": '''
from house import other


class Finding:
    """What a check found."""


def visible(value):
    """Return the value."""
    return _used_once(value) + _used_twice() + _used_twice()


def _used_once(value: int) -> int:
    return value


def _used_twice() -> int:
    first = 1
    return first
''',
    "inner/b.py": "from .a import visible\n",
    "other/__init__.py": "def later():\n    import house.inner.a\n",
    "tests/__init__.py": "import house.top\n",
    "data/sample.py": "import house.top\n",
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A package with a folder that imports another lazily, which imports it back."""
    for name, text in SOURCES.items():
        path = tmp_path / "house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "house"


@pytest.mark.parametrize(
    ("row", "figure"),
    [
        ("modules", "5"),
        ("modules at the top + folders", "2 + 2"),
        ("arrows between them", "3"),
        ("pairs of folders that import each other", "1"),
        ("cycles of modules when imported (largest)", "0"),
        ("cycles of modules, lazy imports too (largest)", "1 (2)"),
        ("largest module", "inner.a 20"),
        ("function length median/p90/p99/max", "1/2/2/2"),
        ("private functions used once", "50 % (1 of 2)"),
        ("... of 3 lines or fewer", "1"),
        ("functions annotated", "50 % (2 of 4)"),
        ("public functions with a docstring", "50 % (1 of 2)"),
        ("docstrings that open with a clause", "50 % (1 of 2)"),
        ("class names defined twice", "1 (Finding)"),
        ("floors", "2"),
    ],
)
def test_measure_package_reports(house: Path, row: str, figure: str) -> None:
    """Neither tests nor data nor imports for type checkers count."""
    assert measure_package(house)[row] == figure


def test_format_table_puts_packages_side_by_side(house: Path) -> None:
    """One column for each package, one row for each figure."""
    figures = measure_package(house)
    lines = list(format_table([("before", figures), ("after", figures)]))
    assert lines[0] == "| | before | after |"
    assert "| modules | 5 | 5 |" in lines
    assert len(lines) == 2 + len(figures)


def test_find_packages_accepts_a_checkout_or_a_package(house: Path) -> None:
    """Tests beside the package are no package to measure."""
    (house.parent / "tests").mkdir()
    (house.parent / "tests" / "__init__.py").touch()
    assert find_packages(house) == find_packages(house.parent) == [house]


def test_find_cycles_separates_groups() -> None:
    """A node that only leads into a cycle is not part of it."""
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "e"}, "e": {"d"}}
    assert sorted(find_cycles(graph)) == [["b", "c"], ["d", "e"]]


def test_list_details_names_each_place(house: Path) -> None:
    """A cycle, a helper that could be inlined, and a docstring to rewrite."""
    assert list(list_details(house)) == [
        "cycle of modules: house.inner.a, house.other",
        "house.inner.a:5: the docstring opens with a clause",
        "house.inner.a:14: _used_once is used once and has 1 lines",
    ]


def test_main_tells_checkouts_of_one_package_apart(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before and after are checkouts of the same package."""
    main([str(house), str(house.parent)])
    assert capsys.readouterr().out.startswith(f"| | {house} | {house.parent} |\n")


def test_main_names_a_folder_without_a_package(tmp_path: Path) -> None:
    """The message says what to give instead."""
    with pytest.raises(SystemExit, match="no Python package in"):
        main([str(tmp_path)])
