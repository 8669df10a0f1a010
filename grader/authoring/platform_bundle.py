"""The archive that grades inside another system: the grader, one assignment with its secrets, and the system's entry.

In every system the same script (`platforms/all/grade.sh`) grades as any class is graded, and exports in the format of
that system. What differs is the files in `platforms/<system>/` and, in `PLATFORMS`, where within the archive the box
lies: the script with the grader and the course.
"""

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.authoring.requirements import write_lock
from grader.authoring.student_wheel import list_sources
from grader.model.assignment import DESCRIPTION, Assignment
from grader.model.course import Course
from grader.model.errors import UsageError
from grader.reporting.archives import pack_tar, pack_zip
from grader.reporting.files import write_bytes

TEMPLATES = Path(__file__).parent / "platforms"
# The box is a folder there, or one file: Autolab copies single files.
PLATFORMS: Mapping[str, str] = {
    "autolab": "autograde.tar",
    "gradescope": "",
    "prairielearn": "question/tests/",
}
LOCK = "requirements.lock"
# What imports this may load models and texts, without a network.
MODELS = "transformers"


def bundle_assignment(assignment: Assignment, platform: str, output: Path) -> None:
    """Write the archive. Raises UsageError for an unknown platform, or where something to be packed is not there."""
    if platform not in PLATFORMS:
        raise UsageError(f"no platform {platform!r}: there are {', '.join(PLATFORMS)}")
    write_bytes(output, pack_zip(collect_bundle(assignment, platform)))


def collect_bundle(assignment: Assignment, platform: str) -> dict[str, bytes]:
    """Return everything in the archive: path -> contents, by path."""
    scripts = _render(TEMPLATES / "all", assignment, platform)
    parts = {"grade.sh": scripts.pop("grade.sh")}
    for path in _list_course(assignment):
        parts[f"course/{path.relative_to(assignment.root).as_posix()}"] = _read(path)
    parts |= {f"lib/{place}": path.read_bytes() for place, path in list_sources().items()}
    # The course's own: a grade is drawn there as it is here, and the same after the image is built again.
    parts["course/.grader/secret"] = Course(assignment.root).load_secret()
    box = dict(sorted(parts.items()))
    place = PLATFORMS[platform]
    packed = {place: pack_tar(box)} if place.endswith(".tar") else {place + path: data for path, data in box.items()}
    own = _render(TEMPLATES / platform, assignment, platform)
    path = assignment.root / LOCK
    # A course need not have a lock: then what is installed here decides.
    lock = _read(path) if path.exists() else write_lock(assignment).encode()
    return dict(sorted({**scripts, **own, **packed, LOCK: lock}.items()))


def _list_course(assignment: Assignment) -> Iterator[Path]:
    # Just what decides a grade; of the hidden tests without their corpus, which is for `grader verify`.
    yield assignment.folder / DESCRIPTION
    yield assignment.solution
    yield from assignment.hidden_tests.glob("*.py")
    if MODELS in assignment.description.imports:
        datasets = Course(assignment.root).datasets
        hub = datasets / "hub"
        if not hub.is_dir():
            raise UsageError(f"no models in {str(hub)!r}, which {assignment.name!r} needs: build them, see its README")
        yield from (path for path in hub.rglob("*") if path.is_file())
        yield from (path for path in (datasets / "samples").glob("*") if path.is_file())


def _render(folder: Path, assignment: Assignment, platform: str) -> dict[str, bytes]:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # No HTML but one page of our own, and the words are the course's.
    environment = Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, keep_trailing_newline=True)
    words = {
        "name": assignment.name,
        "title": assignment.description.title,
        "module": assignment.module,
        "platform": platform,
        "uuid": uuid.uuid5(uuid.NAMESPACE_URL, f"grader/{assignment.name}"),
    }
    return {name: environment.get_template(name).render(words).encode() for name in environment.list_templates()}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} cannot be packed ({error.strerror}): make a bundle in the course's folder"
        ) from error
