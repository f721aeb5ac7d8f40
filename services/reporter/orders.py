"""A partner's order: the body of `report.requested.<partner>`.

    {"id": "2024-000123", "postcode": "EC2M 7PY", "tier": "standard",
     "branding": {"name": "…", "logo": "…", "colour": "#12436d", "contact": ["…"]}, "language": "en"}

An unknown field is refused: one that is ignored may be a misspelt `branding`, and the report would be wrong.
"""

import json
import re
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from services.reporter.branding import Brand, Branding, make_brand
from services.reporter.logos import MAX_BYTES as MAX_LOGO_BYTES
from services.reporter.problems import OrderError, explain
from shared.events import ORDER_ID, ORDER_ID_IN_WORDS
from shared.tiers import Tier

MAX_BYTES = 1_000_000
ID_MEMBER = re.compile(rf'(?<!\\)"id"\s*:\s*"({ORDER_ID})"')


class Order(BaseModel):
    """One report, as ordered. An `Order` that exists is valid, its branding decoded."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: Annotated[
        str,
        Field(pattern=rf"^{ORDER_ID}$", description=ORDER_ID_IN_WORDS),
    ]  # chosen by the partner: the same id is the same order
    postcode: Annotated[str, Field(min_length=1, max_length=20)]
    """A whole one, with or without its space."""
    tier: Tier
    """How far back the report looks."""
    branding: Branding | None = None
    """Shown beside the figures; it cannot alter them."""
    language: Literal["en", "en-GB"] = "en"
    """There is English only, so far."""

    _brand: Brand | None = PrivateAttr(None)

    def model_post_init(self, context: Any) -> None:
        """Decode the branding.

        Raises:
            OrderError: it cannot be used.
        """
        self._brand = None if self.branding is None else make_brand(self.branding)

    @property
    def brand(self) -> Brand | None:
        """The branding as a report shows it; None for a report without."""
        return self._brand


def fingerprint_of(body: bytes) -> str:
    """SHA-256, hexadecimal, of an order but for its id: tells two orders apart that have the same id.

    A default is the same left out or written out, so that a field to come changes no old fingerprint.
    What is no JSON object is taken byte for byte.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        return sha256(body).hexdigest()
    said = {name: without_defaults(value) for name, value in content.items() if name != "id"}
    if said.get("language") == "en":
        del said["language"]
    text = json.dumps(without_defaults(said), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def without_defaults(value: object) -> object:
    """An object without the members that say nothing: null, and empty lists."""
    if not isinstance(value, dict):
        return value
    return {name: member for name, member in value.items() if member is not None and member != []}


def read_order(body: bytes) -> Order:
    """Read and check an order; a logo may take some 50 ms when it is first seen.

    Raises:
        OrderError: the first thing that is wrong with it.
    """
    if len(body) > MAX_BYTES:
        raise OrderError(
            "order",
            f"has {len(body):,} bytes; {MAX_BYTES:,} are allowed (its logo may have {MAX_LOGO_BYTES:,})",
        )
    try:
        return Order.model_validate_json(body)
    except ValidationError as error:
        raise explain(error, {"": Order, "branding": Branding}) from error


def id_of(body: bytes) -> str | None:
    """The id of an order that may be broken, so that its failure can be answered; None if none can be found.

    What is no JSON, such as an order cut short, is searched for the one valid id that it names.
    """
    text = body[:MAX_BYTES].decode(errors="replace")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        found = set(ID_MEMBER.findall(text))
        return found.pop() if len(found) == 1 else None
    given = content.get("id") if isinstance(content, dict) else None
    return given if isinstance(given, str) and re.fullmatch(ORDER_ID, given) else None
