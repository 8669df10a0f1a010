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
from grader.reporting.catalogue import COURSE_LOCALE, dump_catalogue, list_catalogues
from grader.reporting.messages import KIT_README
from grader.student.kit import PUBLIC_TESTS

COPIED = (PUBLIC_TESTS,)
# The list of a folder of models: all that it names belongs to the dataset.
CHECKSUMS = "SHA256SUMS"
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
    for path in generated:
        shutil.copy(path, target)
    copy_data(assignment, target)
    # A draft's is an ordinary one for whoever tries the kit out.
    shutil.copy(assignment.description_file, target / DESCRIPTION)
    for name in COPIED:
        source = assignment.folder / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "*.po")
            shutil.copytree(source, target / name, dirs_exist_ok=True, ignore=ignore)
            for path in list_catalogues(source / COURSE_LOCALE):
                translated = target / name / COURSE_LOCALE / path.with_suffix(".json").name
                translated.write_text(dump_catalogue(path), encoding="utf-8")
        elif source.exists():
            shutil.copy(source, target / name)
    wheel = write_wheel(target, list_check_requirements(assignment))
    words = {"title": assignment.description.title, "module": assignment.module, "name": assignment.name}
    (target / "README.md").write_text(KIT_README.format(wheel=wheel.name, **words), encoding="utf-8")
    (target / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return target


def copy_data(assignment: Assignment, target: Path) -> None:
    """Copy what the notebook reads. Raises UsageError if some of it is missing or damaged."""
    folder = assignment.root / "datasets"
    for name in assignment.description.data:
        path = find_dataset(name, folder)
        if path.name == CHECKSUMS:
            _copy_hub(path.parent, target / path.parent.name)
        else:
            shutil.copy(path, target)


def _copy_hub(hub: Path, target: Path) -> None:
    """Copy the tiny models of a hub, even where real ones have taken their place in it."""
    lines = (hub / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    for name in (CHECKSUMS, *(line.split(maxsplit=1)[1] for line in lines)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(hub / name, target / name)
    for tiny in hub.glob("*/refs/tiny"):
        main = target / tiny.relative_to(hub).with_name("main")
        main.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tiny, main)
