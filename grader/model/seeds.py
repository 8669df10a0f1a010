"""Seeds of hidden inputs.

A class shares a few draws: sets of inputs for all tests. The draw of a submission is HMAC-SHA256(secret, submission)
modulo their number, and the seed of a test is HMAC-SHA256(secret, purpose, draw, test). Only with the secret can either
be computed; with the secret, every grade can be repeated.
"""

import hashlib
import hmac


def choose_draw(secret: bytes, submission_id: str, draws: int) -> int:
    """Return the number of a submission's draw, below `draws`."""
    digest = hmac.new(secret, f"choice of a draw\0{submission_id}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest, "big") % draws


def derive_seed(secret: bytes, draw: int, test_id: str, *, purpose: str) -> int:
    """Return the 63-bit seed of one test in one draw. Seeds of two purposes say nothing about each other."""
    digest = hmac.new(secret, f"{purpose}\0{draw}\0{test_id}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") >> 1
