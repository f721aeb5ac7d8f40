"""Whom a map names for its tiles. Pure."""

import re
from html import unescape

LONGEST_ATTRIBUTION = 140
"""Characters that fit on a line below the map."""


def plain_attribution(text: str) -> str:
    """An attribution as it is printed: providers often give it as HTML."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())
