"""The gate: may a freshly built month replace the one that readers see? Pure.

It knows counts, not records. A refusal names every reason, so that an operator can decide.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class GateRules:
    """How much may be missing before a month is refused."""

    max_loss: float
    """The share of a force's records that may be gone, 0 to 1."""
    min_records: int
    """Forces that had fewer records than this are not compared."""
    max_set_aside: float
    """The share of records that may be set aside, 0 to 1."""


@dataclass(frozen=True)
class ForceCount:
    """A force's records in the version that readers see and in the new one."""

    force: str | None
    """None: outside every police area."""
    before: int
    after: int


@dataclass(frozen=True)
class Candidate:
    """What the gate is told of a built month."""

    received: int
    set_aside: int
    set_aside_reasons: tuple[tuple[str, int], ...]
    conflicts: int
    """Ids of the source that came with two different contents."""
    stored: int
    forces: tuple[ForceCount, ...]
    accept_loss: bool


def judge(candidate: Candidate, rules: GateRules) -> list[str]:
    """Every reason against the month; none means that it may be swapped in."""
    reasons = [*emptiness(candidate), *confusion(candidate, rules)]
    if not candidate.accept_loss:
        reasons += losses(candidate, rules)
    return reasons


def emptiness(candidate: Candidate) -> list[str]:
    """A month without a single record is never believed."""
    return [] if candidate.stored else ["the source has no record of this month"]


def confusion(candidate: Candidate, rules: GateRules) -> list[str]:
    """Records that cannot be right, and a source that changed under our hands."""
    reasons = []
    if candidate.set_aside > rules.max_set_aside * candidate.received:
        examples = "; ".join(f"{n} x {reason}" for reason, n in candidate.set_aside_reasons)
        reasons.append(
            f"{candidate.set_aside} of {candidate.received} records were set aside, "
            f"more than {rules.max_set_aside:.1%}: {examples}"
        )
    if candidate.conflicts:
        reasons.append(
            f"{candidate.conflicts} ids came with two contents: the source changed while it was read"
        )
    return reasons


def losses(candidate: Candidate, rules: GateRules) -> list[str]:
    """Forces that lost more records than a revision explains."""
    return [
        f"{count.force or 'outside every police area'} went from {count.before} to {count.after} records, "
        f"a loss of more than {rules.max_loss:.0%}"
        for count in sorted(candidate.forces, key=lambda count: count.force or "")
        if count.before >= rules.min_records and count.after < (1 - rules.max_loss) * count.before
    ]
