"""The folder that students receive: what is theirs of an assignment, and the checker as one file.

Nothing of the solution and no hidden test is among what is copied.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from grader.authoring.datasets import find_dataset
from grader.authoring.requirements import list_check_requirements
from grader.authoring.student_wheel import write_wheel
from grader.model.assignment import DESCRIPTION, Assignment
from grader.reporting.catalogue import COURSE_LOCALE, PACKED, list_catalogues, pack_translations
from grader.reporting.messages import KIT_README
from grader.student.kit import PUBLIC_TESTS

COPIED = (PUBLIC_TESTS,)
CONFTEST = '''\
"""Lets plain `pytest` run the public tests of this folder. There is nothing to fill in here."""

import importlib.util
import sys
from pathlib import Path

KIT = Path(__file__).resolve().parent

# Where the checker was not installed, it is imported from the file that came with this kit.
if importlib.util.find_spec("grader") is None:
    sys.path.extend(str(wheel) for wheel in KIT.glob("grader_check-*.whl"))
    pytest_plugins = ["grader.examiner.plugin"]


def pytest_configure(config):
    """One line a failure: what went wrong is in the message, and the rest of the traceback is the checker's own."""
    if config.option.tbstyle == "auto":
        config.option.tbstyle = "line"


def pytest_sessionstart(session):
    """Read the module or the notebook, whichever has fewer open TODOs."""
    from grader.student.check import open_examination

    open_examination(session.config, KIT)
'''


def pack_kit(assignment: Assignment, generated: Iterable[Path], output: Path) -> Path:
    """Pack the files that `release` generates, the notebook's data, the public tests and the checker.

    Gives the kit's folder.
    """
    target = output / assignment.name
    target.mkdir(parents=True, exist_ok=True)
    for path in (*generated, *find_data(assignment)):
        shutil.copy(path, target)
    # A draft's is an ordinary one for whoever tries the kit out.
    shutil.copy(assignment.description_file, target / DESCRIPTION)
    for name in COPIED:
        source = assignment.folder / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target / name, dirs_exist_ok=True, ignore=ignore)
        elif source.exists():
            shutil.copy(source, target / name)
    for path in list_catalogues(target / PUBLIC_TESTS / COURSE_LOCALE):
        path.with_suffix(PACKED).write_bytes(pack_translations(path))
    wheel = write_wheel(target, list_check_requirements(assignment))
    words = {"title": assignment.description.title, "module": assignment.module, "name": assignment.name}
    (target / "README.md").write_text(KIT_README.format(wheel=wheel.name, **words), encoding="utf-8")
    (target / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return target


def find_data(assignment: Assignment) -> list[Path]:
    """Return the files that the notebook reads. Raises UsageError if one is missing or damaged."""
    return [find_dataset(name, assignment.root / "datasets") for name in assignment.description.data]
