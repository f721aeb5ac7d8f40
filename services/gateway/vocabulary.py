"""Published words as they are asked for: `Article for use in theft` is `article-for-use-in-theft`. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NOT_RECORDED = "not-recorded"
"""Stands for a published null and for a published empty text."""


@dataclass(frozen=True)
class Word:
    """A published word of one kind, with its number in the records."""

    id: int
    kind: str
    value: str | None
    group: str | None = None
    """The slug of its outcome group, if it is an outcome."""
    is_pending: bool = False
    """Whether it is an outcome that says that there will be another."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of each kind. Several published words may share a slug: they are then asked for together."""

    slugs: dict[str, dict[int, str]] = field(default_factory=dict)
    """By kind: the slug of each number."""
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    """By kind: what was published for a slug."""
    groups: dict[str, dict[int, str]] = field(default_factory=dict)
    """By kind of outcome: the group of each number."""
    pending: dict[str, set[int]] = field(default_factory=dict)
    """By kind of outcome: the numbers of those that are none yet."""

    @classmethod
    def of(cls, words: Iterable[Word]) -> "Vocabulary":
        """The vocabulary of all published words."""
        made = cls()
        for word in sorted(words, key=lambda word: word.id):
            slug = slug_of(word.value)
            made.slugs.setdefault(word.kind, {})[word.id] = slug
            made.labels.setdefault(word.kind, {}).setdefault(slug, word.value or "Not recorded")
            if word.group is not None:
                made.groups.setdefault(word.kind, {})[word.id] = word.group
            if word.is_pending:
                made.pending.setdefault(word.kind, set()).add(word.id)
        return made

    def valid(self, kind: str) -> list[str]:
        """What may be asked for."""
        return sorted(self.labels.get(kind, {}))

    def ids(self, kind: str, slugs: Iterable[str]) -> list[int]:
        """The numbers that some slugs stand for."""
        return numbers(self.slugs.get(kind, {}), slugs)

    def ids_in_groups(self, kind: str, groups: Iterable[str]) -> list[int]:
        """The numbers of the outcomes of some groups."""
        return numbers(self.groups.get(kind, {}), groups)


def numbers(words: Mapping[int, str], wanted: Iterable[str]) -> list[int]:
    """The numbers whose word is wanted."""
    wanted = set(wanted)
    return [number for number, word in words.items() if word in wanted]


def slug_of(value: str | None) -> str:
    """Small letters and digits with hyphens between; nothing published is `not-recorded`."""
    return re.sub(r"[^a-z0-9]+", "-", (value or "").lower()).strip("-") or NOT_RECORDED


def slugs_in(text: str) -> list[str]:
    """The slugs of words with commas between. What has no letter or digit is no word, and stays what it is:
    only what was published empty is `not-recorded`."""
    return [slug_of(part) if re.search("[a-z0-9]", part.lower()) else part for part in text.split(",")]
