"""The package as one wheel, for a kit: students install it with pip, or pytest imports from it where it lies.

Written by hand rather than by a build tool, so that a kit needs no network and the same sources give the same bytes.
The project's own tests, attacks and templates stay out: they hold wrong and right answers.
"""

import base64
import hashlib
from importlib.metadata import distributions
from pathlib import Path

from grader.model.errors import UsageError
from grader.reporting.archives import pack_zip

PACKAGE = Path(__file__).resolve().parents[1]
NAME = "grader"
LEFT_OUT = {"tests", "redteam", "__pycache__"}
# New courses and assignments are made where the grader itself is installed; the examples are for their authors.
TEMPLATES = (PACKAGE / "authoring" / "templates", PACKAGE / "docs" / "examples")
# What a wheel's installer reads: pure Python, for any system.
TAGS = f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(folder: Path) -> Path:
    """Write the wheel into `folder`. Raises UsageError where the package was never installed, not even as editable."""
    # A build's leftovers beside the sources (`grader.egg-info`) answer to the name as well.
    found = (each for each in distributions(name=NAME) if each.read_text("METADATA"))
    installed = next((each for each in found if each.read_text("entry_points.txt")), None)
    if installed is None:
        raise UsageError(f"{NAME!r} is not installed, so what it requires is not known: run `make setup` first")
    info = f"{NAME}-{installed.version}.dist-info"
    files = {place: path.read_bytes() for place, path in list_sources().items()}
    files[f"{info}/METADATA"] = (installed.read_text("METADATA") or "").encode()
    files[f"{info}/entry_points.txt"] = (installed.read_text("entry_points.txt") or "").encode()
    files[f"{info}/WHEEL"] = TAGS.encode()
    records = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        records.append(f"{name},sha256={digest},{len(data)}")
    files[f"{info}/RECORD"] = "\n".join([*records, f"{info}/RECORD,,", ""]).encode()
    wheel = folder / f"{NAME}-{installed.version}-py3-none-any.whl"
    wheel.write_bytes(pack_zip(files))
    return wheel


def list_sources() -> dict[str, Path]:
    """Return the package's files under their paths in an archive, sorted, without tests and attacks."""
    paths = sorted(path for path in PACKAGE.rglob("*") if path.is_file())
    paths = [path for path in paths if not any(path.is_relative_to(folder) for folder in TEMPLATES)]
    kept = [path for path in paths if not LEFT_OUT & set(path.relative_to(PACKAGE).parts)]
    return {f"{NAME}/{path.relative_to(PACKAGE).as_posix()}": path for path in kept}
