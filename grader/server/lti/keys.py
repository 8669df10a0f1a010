"""The service's own key pairs: DATA/keys/TIME.pem, the newest last. The public halves are published as a key set.

A new key is published at once, and signs an hour later: platforms keep the key set for some time. The older key stays
published for a while, so that what it signed can still be checked.
"""

import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jwcrypto.jwk import JWK

from grader.model.errors import UsageError
from grader.reporting.files import stage_bytes

PUBLISHED_BEFORE = 3600.0
KEPT_AFTER = 7 * 86400.0
BITS = 2048


@dataclass(frozen=True)
class ToolKey:
    """One key pair; its id is its thumbprint."""

    made_at: float
    jwk: JWK

    @property
    def id(self) -> str:
        """Return the id under which it is published."""
        return str(self.jwk.thumbprint())

    @property
    def pem(self) -> str:
        """Return the private key as PEM, without a password."""
        return str(self.jwk.export_to_pem(private_key=True, password=None).decode())

    def describe(self) -> dict[str, Any]:
        """Return the public half as a key set has it."""
        return {**self.jwk.export_public(as_dict=True), "kid": self.id, "use": "sig", "alg": "RS256"}


@dataclass(frozen=True)
class ToolKeys:
    """The key pairs in a folder."""

    folder: Path

    def list_all(self) -> list[ToolKey]:
        """Return every key, the oldest first. Raises UsageError for a file that holds none."""
        keys = []
        for path in sorted(self.folder.glob("*.pem")):
            try:
                keys.append(ToolKey(float(path.stem), JWK.from_pem(path.read_bytes())))
            except (OSError, ValueError) as error:
                raise UsageError(f"{str(path)!r} is no private key of the service: restore it or remove it") from error
        return keys or [self.add()]

    def add(self) -> ToolKey:
        """Make a new key, and remove keys that have not signed for a week."""
        now = time.time()
        key = ToolKey(now, JWK.generate(kty="RSA", size=BITS))
        known = sorted(self.folder.glob("*.pem"))
        # A key signs until an hour after the next one was made.
        for path, successor in itertools.pairwise(known):
            if float(successor.stem) + PUBLISHED_BEFORE + KEPT_AFTER < now:
                path.unlink()
        path = self.folder / f"{now:017.6f}.pem"
        with stage_bytes(path, key.pem.encode()):
            pass
        path.chmod(0o600)
        return key

    def choose(self) -> ToolKey:
        """Return the key to sign with."""
        keys = self.list_all()
        known = [key for key in keys if key.made_at + PUBLISHED_BEFORE < time.time()]
        return known[-1] if known else keys[0]

    def publish(self) -> dict[str, Any]:
        """Return the key set of the public halves."""
        return {"keys": [key.describe() for key in self.list_all()]}
