"""The bus's address as `NATS_URL` has it: where it is, whom to trust, and in whose inbox answers come."""

import re
import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from shared.errors import RequestError

INBOX = "_INBOX"
SUBJECT_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
PARAMETERS: dict[str, frozenset[str]] = {"nats": frozenset(), "tls": frozenset({"ca"})}
VALID = (
    "NATS_URL: valid are nats://user:password@host:port, and with TLS tls://user:password@host:port "
    "or tls://user:password@host:port?ca=FILE, the certificate of the authority to trust"
)


@dataclass(frozen=True)
class BusUrl:
    """What a client needs to connect."""

    server: str = field(repr=False)
    """The address without parameters, user and password."""
    tls: ssl.SSLContext | None
    """Whom to trust. Where there is one, the handshake must come before all else: a client that waits to be
    asked for TLS tells its password to whoever does not ask."""
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    """Of the user: told to every server of a cluster, whose addresses come without them."""
    inbox_prefix: str
    """How the subjects begin on which answers come: the user's own, so that no other user can listen."""


def read_bus_url(text: str) -> BusUrl:
    """Read an address, and the certificate that it names.

    Raises:
        RequestError: it cannot be read. Of a wrong address nothing is told: the password may be anywhere.
    """
    try:
        parts = urlsplit(text)
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:  # its text may hold a part of the password
        raise RequestError(VALID) from None
    parameters = dict(given)
    is_bare = parts.path in ("", "/") and not parts.fragment
    is_user = bool(parts.username) == bool(parts.password)  # alone it would be a token
    if not (is_address and is_bare and is_user and parts.scheme in PARAMETERS):
        raise RequestError(VALID)
    if len(given) > 1 or not parameters.keys() <= PARAMETERS[parts.scheme]:
        raise RequestError(VALID)
    tls = trust(parameters.get("ca")) if parts.scheme == "tls" else None
    user, password = unquoted(parts.username), unquoted(parts.password)
    return BusUrl(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", tls, user, password, inbox_of(parts))


def unquoted(part: str | None) -> str | None:
    """A part of an address as it was before it was put there."""
    return unquote(part) if part else None


def inbox_of(parts: SplitResult) -> str:
    """`_INBOX.<user>`; without a user and password, `_INBOX`."""
    user = parts.username or ""
    return f"{INBOX}.{user}" if SUBJECT_TOKEN.fullmatch(user) else INBOX


def trust(authority: str | None) -> ssl.SSLContext:
    """Trust in the authority whose certificate is in a file; without one, in those of the system.

    Raises:
        RequestError: the file cannot be read, or holds no certificate.
    """
    if authority is None:
        return ssl.create_default_context()
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # as the default one, but for the authorities
        context.load_verify_locations(authority)
    except OSError as error:
        problem = (
            "holds no certificate"
            if isinstance(error, ssl.SSLError)
            else f"cannot be read ({error.strerror})"
        )
        raise RequestError(
            f"NATS_URL: ca={authority} {problem}: valid is a file with a certificate as PEM"
        ) from error
    return context
