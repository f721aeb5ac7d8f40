"""What is wrong with an order, in words for the partner who sent it."""

import json
import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from shared.area_figures.refusal import Refusal
from shared.events import ReportFailed
from shared.postcodes import PostcodeError

SHOWN = 40
"""Characters of a partner's text that a problem repeats."""
REASONS = {
    "json_invalid": "is not JSON: {error}",
    "model_type": "must be a JSON object",
    "missing": "is missing",
    "string_type": "must be text",
    "string_too_long": "has {size:,} characters; {max_length} are allowed",
    "string_too_short": "is empty",
    "string_pattern_mismatch": "{given} is not {description}",
    "enum": "{given} is none of the valid values",
    "literal_error": "{given} is none of the valid values",
    "tuple_type": "must be a list",
    "too_long": "has more than {max_length} entries",
    "extra_forbidden": "there is no such field",
}
"""By the kind of a pydantic error; every other kind speaks for itself."""


class OrderError(Refusal):
    """A field of an order is wrong; `detail` says how, `valid` lists what exists, if there is a list.

    `field` is a path such as `branding.contact[2]`, or `order` for the whole.
    """

    def __init__(self, field: str, reason: str, valid: Sequence[str] | None = None) -> None:
        super().__init__(
            "invalid-order", f"{field}: {reason}", field=field, valid=None if valid is None else list(valid)
        )
        self.detail = str(self)


def explain(
    error: ValidationError, models: Mapping[str, type[BaseModel]], within: tuple[str, ...] = ()
) -> OrderError:
    """The one problem that helps most; `models` are the JSON objects by their path, an empty one the order's.

    An unknown field comes first: it is most often the misspelt name of one that is missing.
    """
    problem = min(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    kind, context, given = problem["type"], problem.get("ctx", {}), problem["input"]
    path = (*within, *problem["loc"])
    fields = models.get(path_of(path[:-1]), BaseModel).model_fields
    name = str(path[-1]) if path else ""
    reason = REASONS.get(kind, problem["msg"].replace("{", "{{").replace("}", "}}")).format(
        given=shown(given),
        size=len(given) if isinstance(given, str) else 0,
        description=fields[name].description if name in fields else "",
        **{key: value for key, value in context.items() if key in ("error", "max_length")},
    )
    valid = {
        "extra_forbidden": list(fields),
        "enum": quoted(context),
        "literal_error": quoted(context),
    }.get(kind)
    if kind == "extra_forbidden":
        path = (*path[:-1], shown(name)[1:-1])
    return OrderError(path_of(path) or "order", reason, valid)


def quoted(context: Mapping[str, object]) -> list[str]:
    """The values in pydantic's `'en' or 'en-GB'`."""
    return re.findall(r"'([^']+)'", str(context.get("expected", "")))


def path_of(parts: Sequence[str | int]) -> str:
    """`("branding", "contact", 2)` → `branding.contact[2]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")


def shown(text: object) -> str:
    """A partner's text as a problem may repeat it: quoted, short, and nothing in it invisible."""
    whole = text if isinstance(text, str) else json.dumps(text, default=str)
    return repr(whole[:SHOWN] + "…" * (len(whole) > SHOWN))


def failed(
    partner: str, order: str | None, code: str, detail: str, repeated: int = 0, *, field: str | None = None
) -> ReportFailed:
    """A failure in our own words."""
    return ReportFailed(partner=partner, id=order, code=code, detail=detail, field=field, repeated=repeated)


def failure_of(
    partner: str, order: str | None, error: Refusal | PostcodeError, repeated: int = 0
) -> ReportFailed:
    """What a partner is told of an order that gets no report."""
    if isinstance(error, PostcodeError):
        code = f"postcode-{error.reason.replace('_', '-')}"
        return failed(partner, order, code, str(error), repeated, field="postcode")
    return ReportFailed(
        partner=partner,
        id=order,
        code=error.code,
        detail=str(error),
        field=error.field,
        valid=None if error.valid is None else tuple(error.valid),
        repeated=repeated,
    )
