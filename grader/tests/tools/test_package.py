"""The build for others to install: nothing that runs is left out, and the version stands in one place."""

import glob
import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.specifiers import SpecifierSet

import grader

PACKAGE = Path(grader.__file__).parent
ROOT = PACKAGE.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# Not installed: documentation, tests and attacks.
LEFT_OUT = {"docs", "redteam", "tests", "__pycache__"}


def test_every_file_that_is_no_module_is_package_data() -> None:
    """A template that is missing from the wheel would only be missed when a page is shown."""
    paths = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*") if path.is_file()]
    kept = [path for path in paths if not LEFT_OUT & set(path.parts) and path.suffix not in (".py", ".pyc")]
    needed = {path.as_posix() for path in kept if path.suffix != ".md" or "templates" in path.parts}
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["grader"]
    packed = {name for pattern in patterns for name in glob.glob(pattern, root_dir=PACKAGE, recursive=True)}
    assert len(needed) > 20
    assert needed - packed == set()


def test_changelog_begins_with_the_version_of_the_package() -> None:
    """The version is written in pyproject.toml; everything else asks the installed package."""
    headings = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == PROJECT["project"]["version"]


def test_every_extra_in_the_documentation_exists() -> None:
    """`pip install 'grader[...]'` with an unknown extra only warns, and installs nothing more."""
    pages = [*PACKAGE.glob("*.md"), *PACKAGE.glob("docs/*.md"), *PACKAGE.glob("*/*.py")]
    named = {name for page in pages for name in re.findall(r"'grader\[(\w+)\]'", page.read_text(encoding="utf-8"))}
    assert named >= {"server", "cluster", "postgresql"}
    assert named - set(PROJECT["project"]["optional-dependencies"]) == set()


def test_every_locked_package_installs_on_the_oldest_python() -> None:
    """Debian 12 has 3.11.2: a package for 3.11.5 and later would break `make setup`, images and bundles there."""
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=") + ".0"
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    names = [line.split("==")[0] for line in lines if not line.startswith("#")]
    needs = {name: distribution(name).metadata.get("Requires-Python", "") for name in names}
    assert {name: need for name, need in needs.items() if not SpecifierSet(need).contains(oldest)} == {}
