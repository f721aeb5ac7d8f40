"""What a request is answered with."""

from dataclasses import dataclass

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """A status, a body and the headers beyond the usual ones."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Refused(Exception):
    """The request gets no data: nearly always an empty body, as in the real API."""

    def __init__(self, status: int, body: bytes = b"", content_type: str = "text/html") -> None:
        super().__init__(status)
        self.answer = Answer(status, body, content_type)


NOT_FOUND = Answer(404, b"Not Found", "text/plain")
