"""What it means that a month can come from two sources: the API, and the archive. Pure."""

from shared.archive import SOURCE as ARCHIVE
from shared.model import Dataset


def is_only_compared(source: str, shown: str) -> bool:
    """Whether a run of one source does not replace what readers see from another, but is compared with it.

    The API says more of a record than the archive.
    """
    return source == ARCHIVE != shown


def collapse(source: str, dataset: Dataset) -> bool:
    """Whether a record may be staged more than once: the API's crimes are, whose tiles overlap."""
    return source != ARCHIVE and dataset is not Dataset.STOPS


def scope_statements(source: str, dataset: Dataset) -> tuple[str | None, str]:
    """For a run of some forces: the statement that drops staged records of others, and the one that keeps
    others' records of the version before.

    The API is asked for crimes by area; an archive has a file a force, all of whose records are the force's.
    """
    if dataset is Dataset.STOPS:
        return "delete_out_of_scope_stops", "keep_other_stops"
    if source == ARCHIVE:
        return None, f"keep_recorded_{dataset}"
    return "delete_out_of_scope_crimes", f"keep_other_{dataset}"


def against_mixing(source: str, forces: object, shown: str) -> list[str]:
    """Why a run of some forces may not be put together with what readers see; nothing if it may.

    A version of two sources could be compared with no other.
    """
    if forces is not None and shown != source:
        return [f"readers see a month that came from the {shown}: order it whole, not only some forces of it"]
    return []
