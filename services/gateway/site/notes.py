"""The API's notes as sentences of a page, without those that the page tells in another way. Pure."""

from collections.abc import Iterable, Mapping

from services.gateway.site.language import N_
from services.gateway.site.language import gettext as _

TOLD_ELSEWHERE = ("is missing from the counts, not zero", "are in no cell")
"""How notes end that are a figure or a list of their own on pages."""
FORCE_LEFT_OUT = " published nothing in "
LEFT_OUT = N_(
    "The months in which a force published nothing are left out of its side: they are listed as missing."
)
"""Instead of a note for each force."""


def sentences(notes: Iterable[str], in_words: Mapping[str, str] | None = None) -> list[str]:
    """Notes in order, each once; `in_words` has other words for some, marked for the catalogue."""
    better = in_words or {}
    told = [
        _(better[note]) if note in better else _(LEFT_OUT) if FORCE_LEFT_OUT in note else sentence(note)
        for note in notes
        if not note.endswith(TOLD_ELSEWHERE)
    ]
    return list(dict.fromkeys(told))


def sentence(note: str) -> str:
    """With a capital and a full stop."""
    return f"{note[:1].upper()}{note[1:]}."
