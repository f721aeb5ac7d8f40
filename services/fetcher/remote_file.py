"""A file behind a URL, of which only what is read is fetched: HTTP Range requests."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import stamina

from shared.db import without_password
from shared.errors import PermanentError, TransientError

AHEAD = 4_096
"""Least bytes of a request: the directory's end and the head of a member are read in small pieces."""
TRIES = 5
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0
TIMEOUT = 60.0
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class RemoteFile(io.RawIOBase):
    """A seekable file. It must stay the same while it is read.

    Raises, when opened and with every read:
        PermanentError: the server does not honour Range, the file changed, or an answer is short.
        TransientError: no answer in several tries.
    """

    def __init__(self, client: httpx.Client, url: str) -> None:
        self.client, self.url = client, url
        self.name = without_password(url)
        """For messages: what else is in the address may be nobody's business."""
        self.position, self.held_at, self.held = 0, 0, b""
        self.fetched = 0
        """Bytes of all answers."""
        self.version: str | None = None
        self.size = 1
        self.held = self.fetch(0, 1)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        self.position = max(0, start + offset)
        return self.position

    def read(self, size: int | None = -1) -> bytes:
        """Exactly the bytes from here on, fewer only at the end."""
        end = self.size if size is None or size < 0 else min(self.position + size, self.size)
        if self.position >= end:
            return b""
        if not self.held_at <= self.position <= end <= self.held_at + len(self.held):
            self.held = self.fetch(self.position, max(end, min(self.position + AHEAD, self.size)))
            self.held_at = self.position
        found = self.held[self.position - self.held_at : end - self.held_at]
        self.position = end
        return found

    def fetch(self, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`; tried again when the server or the way to it fails."""
        for attempt in stamina.retry_context(
            on=TransientError,
            attempts=TRIES,
            timeout=None,
            wait_initial=FIRST_WAIT,
            wait_max=LONGEST_WAIT,
            wait_jitter=FIRST_WAIT,
        ):
            with attempt:
                return self.ask(start, end)
        raise AssertionError("unreachable")

    def ask(self, start: int, end: int) -> bytes:
        """One request for a range."""
        try:
            with self.client.stream(
                "GET", self.url, headers={"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
            ) as answer:
                self.check(answer, start, end)
                body = b"".join(limited(answer, end - start))
        except httpx.TransportError as error:
            raise TransientError(f"{self.name}: {type(error).__name__} {error}".strip()) from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # of IDNA
            raise PermanentError(f"{self.name}: {error}") from error
        self.fetched += len(body)
        if len(body) != end - start:
            raise PermanentError(f"{self.name}: {len(body)} bytes came, {end - start} were asked for")
        return body

    def check(self, answer: httpx.Response, start: int, end: int) -> None:
        """Refuse an answer that is not exactly what was asked for, of the same file as before."""
        status = answer.status_code
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
            raise TransientError(f"{self.name}: HTTP {status}")
        if status == httpx.codes.OK:
            raise PermanentError(f"{self.name}: the server does not honour Range; download the file first")
        told = CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if status != httpx.codes.PARTIAL_CONTENT or told is None:
            raise PermanentError(f"{self.name}: HTTP {status}, not the part of a file that was asked for")
        first, last, size = map(int, told.groups())
        version = f"{size} {answer.headers.get('ETag') or answer.headers.get('Last-Modified')}"
        if self.version is None:
            self.version, self.size = version, size
            self.url = str(answer.url)  # where redirections led
        if version != self.version:
            raise PermanentError(f"{self.name} changed while it was read: start again")
        if (first, last) != (start, end - 1):
            raise PermanentError(f"{self.name}: bytes {first}-{last} came, {start}-{end - 1} were asked for")


def limited(answer: httpx.Response, size: int) -> Iterator[bytes]:
    """The answer's bytes, never many more than were asked for."""
    received = 0
    for piece in answer.iter_bytes():
        yield piece
        received += len(piece)
        if received > size:
            return


def is_address(url: str) -> bool:
    """Whether it is of a kind that we can ask, and names a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


@contextmanager
def open_url(url: str) -> Iterator[RemoteFile]:
    """A remote file.

    Raises:
        PermanentError, TransientError: it cannot be read in parts.
    """
    if not is_address(url):
        raise PermanentError(
            f"{without_password(url)!r} is no address: valid are http:// and https:// with a host"
        )
    with httpx.Client(timeout=TIMEOUT, follow_redirects=True, trust_env=False) as client:
        yield RemoteFile(client, url)
