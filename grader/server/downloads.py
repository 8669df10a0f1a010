"""Archives to be downloaded: a kit, and what a student handed in."""

import io
import tempfile
import threading
import zipfile
from pathlib import Path

from grader.authoring.release import render_assignment
from grader.authoring.solution_notebook import read_solution
from grader.authoring.student_kit import pack_kit
from grader.model.assignment import Assignment
from grader.reporting.archives import pack_zip

_KITS: dict[tuple[Path, int], bytes] = {}
_LOCK = threading.Lock()


def pack_kit_of(assignment: Assignment) -> bytes:
    """Return the kit as a .zip; packed once until the course's files change."""
    files = [path for path in assignment.folder.rglob("*") if path.is_file()]
    key = (assignment.folder, max((path.stat().st_mtime_ns for path in files), default=0))
    with _LOCK:
        if key not in _KITS:
            with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as generated:
                rendered = render_assignment(assignment, read_solution(assignment))
                made = {Path(generated, path.name): text for path, text in rendered.items()}
                for path, text in made.items():
                    path.write_text(text, encoding="utf-8")
                kit = pack_kit(assignment, made, Path(folder))
                names = sorted(path for path in kit.rglob("*") if path.is_file())
                _KITS[key] = pack_zip(
                    {f"{assignment.name}/{path.relative_to(kit).as_posix()}": path.read_bytes() for path in names}
                )
        return _KITS[key]


def pack_work(folder: Path) -> bytes:
    """Return the files of one hand-in as a .zip, byte for byte."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return buffer.getvalue()
