"""Words that judge an area, wherever they are: in the sources of texts, and in what is shown."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.pages import Page

AREA = (
    r"(?:area|borough|city|district|estate|location|neighbourhood|part of town|place|postcode|region|street"
    r"|suburb|town|village|ward)(?:e?s)?"
)
JUDGING = re.compile(
    r"\b(?:(?:un)?safe(?:r|st|ty|ly)?|danger\w*|(?:high-|low-)?risk\w*|hazard\w*|threat\w*|insecure"
    r"|crime[- ](?:ridden|free|infested|plagued|prone)|infested|lawless|notorious\w*|no-go|trouble spots?"
    r"|hot[- ]?spots?|black ?spots?|hot[- ]?beds?|crime (?:capital|index|indices|wave)s?"
    r"|(?:high|higher|highest|low|lower|lowest)[- ]crime|(?:above|below)[- ]average|average[- ]risk"
    r"|best|better|worst|worse|scor(?:e[sd]?|ing)|rank(?:s|ed|ings?)?|ratings?|league tables?|star-rated"
    rf"|(?:top|bottom) (?:\d+|five|ten|twenty|hundred) {AREA}|(?:family|child|pet)[- ]friendly"
    r"|alarming\w*|worrying\w*|shocking\w*|plagued|reassuring\w*|un?desirable|desirable|sought[- ]after"
    r"|dodgy|sketchy|seedy|unsavou?ry|run-down|up-and-coming"
    r"|(?:good|bad|nice|rough|quiet|peaceful|decent|respectable|deprived|troubled|problem|violent|crime)"
    rf" {AREA}"
    rf"|avoid (?:this|that|the|these|those) {AREA})\b",
    re.IGNORECASE,
)
DENIED = (
    "no score",
    "no ranking",
    "no rating",
    "ranks nothing",
    "no order of counts, which would rank them",
)
"""Phrases that say that nothing is judged."""
ATTRIBUTES = ("alt", "title", "aria-label", "content", "placeholder", "value")
"""Where a page has texts besides those between its tags."""


@dataclass(frozen=True)
class Judgement:
    """A judging word, where it begins in a text, and what is around it."""

    at: int
    word: str
    around: str


def judgements(text: str, allowed: Iterable[str] = ()) -> Iterator[Judgement]:
    """Every judging word of a text; not in phrases that are allowed, which are whole words."""
    plain = re.sub(r"\s", " ", text)
    for phrase in (*DENIED, *allowed):
        plain = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", " " * len(phrase), plain)
    for match in JUDGING.finditer(plain):
        around = plain[max(0, match.start() - 30) : match.end() + 30].strip()
        yield Judgement(match.start(), match[0], around)


def judged_in(*texts: str) -> list[str]:
    """The judging words of texts that are shown, with what is around them."""
    return [f"{found.word} (… {found.around} …)" for text in texts for found in judgements(text)]


def shown_on(page: Page) -> Iterator[str]:
    """Every text of a page, and of what it tells those who do not see it."""
    for one in page.root.iter():
        yield from (text for text in (one.text, one.tail) if text)
        yield from (value for name in ATTRIBUTES if (value := one.get(name)))
