"""What schemathesis cannot know of a search: that exactly one place is named. It loads this file itself."""

from typing import Any

import schemathesis

PLACES = (("latitude", "longitude", "radius"), ("bbox",), ("polygon",), ("postcode", "radius"), ("force",))
NAMES = {name for place in PLACES for name in place}


@schemathesis.hook
def map_query(context: Any, query: Any) -> Any:
    """Keep the first place that is whole; a search that has none stays as it is."""
    return with_one_place(query) if is_search(context) else query


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """The same of what is posted."""
    return with_one_place(body) if is_search(context) else body


def is_search(context: Any) -> bool:
    return "records" in context.operation.definition.raw["tags"]


def with_one_place(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    for place in PLACES:
        needed = [name for name in place if name != "radius"]
        if all(name in given for name in needed):
            return {name: value for name, value in given.items() if name in place or name not in NAMES}
    return given
