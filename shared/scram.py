"""What PostgreSQL keeps of a password: a SCRAM-SHA-256 verifier, RFC 5803.

Made here, so that the password itself never travels in a statement, which a server may log.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64encode

ITERATIONS = 4096
"""PostgreSQL's own number."""
SALT_BYTES = 16
PRINTABLE = re.compile("[ -~]+")
"""Of other characters the server and its clients may not take the same bytes."""


def verifier(password: str) -> str:
    """`SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, with a new salt each time.

    Raises:
        ValueError: the password is empty, or has other than printable ASCII characters.
    """
    if not PRINTABLE.fullmatch(password):
        raise ValueError("it must consist of printable ASCII characters")
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{text(salt)}${text(stored_key)}:{text(server_key)}"


def text(value: bytes) -> str:
    """In base64."""
    return b64encode(value).decode("ascii")
