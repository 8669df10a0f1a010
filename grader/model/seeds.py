"""Seeds of hidden inputs.

The seed of a test is HMAC-SHA256(secret, submission, test): nobody without the secret can compute it, and anyone with
it can repeat a grade.
"""

import hashlib
import hmac


def derive_seed(secret: bytes, submission_id: str, test_id: str) -> int:
    """Return the 63-bit seed of one test for one submission."""
    digest = hmac.new(secret, f"{submission_id}\0{test_id}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") >> 1
