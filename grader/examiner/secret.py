"""The course's secret, and the seeds that come from it.

Zone: examiner (trusted). Needs no torch. The seed of a test is HMAC-SHA256(secret, submission, test): without the
secret it cannot be computed, with it anyone can repeat a grade. A report carries only a commitment to the secret.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from grader.assignment import PROJECT

SECRET_FILE = PROJECT / ".grader" / "secret"


def derive_seed(secret: bytes, submission_id: str, test_id: str, *, purpose: str) -> int:
    """Return the 63-bit seed of one test for one submission. Seeds of two purposes tell nothing of each other."""
    digest = hmac.new(secret, f"{purpose}\0{submission_id}\0{test_id}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def load_secret() -> bytes:
    """The course's secret: GRADER_SECRET, or a file made on first use and kept with the course."""
    given = os.environ.get("GRADER_SECRET")
    if given:
        return given.encode()
    return _read_or_create(SECRET_FILE)


def commit_to(secret: bytes) -> str:
    """A commitment that shows two reports used the same secret, and not which."""
    return hashlib.sha256(b"grader seed commitment\0" + secret).hexdigest()


def _read_or_create(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Linked into place, so that of two first runs at once both read the same secret.
    candidate = path.with_name(f"secret.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        candidate.touch(mode=0o600)
        candidate.write_text(secrets.token_hex(32))
        try:
            os.link(candidate, path)
        except FileExistsError:
            pass  # the other run was first: its secret counts
        candidate.unlink()
    return path.read_bytes()
