"""Which bytes of a file a request wants (RFC 9110, section 14): one range, or all. Pure."""

import re

from services.gateway.errors import RangeError

ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


def read_range(text: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last; None for the whole file.

    What is no single range of bytes is answered with the whole file, as the standard allows.

    Raises:
        RangeError: the file has none of these bytes.
    """
    match = ONE_RANGE.fullmatch((text or "").replace(" ", ""))
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise RangeError(size)
    return start, end


def is_still(if_range: str | None, tag: str) -> bool:
    """Whether the range belongs to the file that the client has the beginning of; a date never tells."""
    return if_range is None or if_range.strip() == tag
