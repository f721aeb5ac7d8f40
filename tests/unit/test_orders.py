"""Orders as partners send them: read, or refused with one problem that helps."""

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporter.branding import Brand
from services.reporter.orders import MAX_BYTES, Order, fingerprint_of, id_of, read_order
from services.reporter.problems import OrderError
from shared.errors import RequestError
from shared.tiers import Tier

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><rect width="4" height="2"/></svg>'
FIELDS = ["id", "postcode", "tier", "branding", "language"]


def order(**fields: Any) -> dict[str, Any]:
    return {"id": "2024-000123", "postcode": "EC2M 7PY", "tier": "standard", **fields}


def body(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode(errors="surrogatepass")


def refused(content: object) -> OrderError:
    with pytest.raises(OrderError) as caught:
        read_order(content if isinstance(content, bytes) else body(content))
    return caught.value


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in order().items() if name != field}


def test_the_smallest_order_has_an_id_a_postcode_and_a_tier() -> None:
    read = read_order(body(order()))
    assert (read.id, read.postcode, read.tier) == ("2024-000123", "EC2M 7PY", Tier.STANDARD)
    assert (read.branding, read.brand, read.language) == (None, None, "en")


def test_a_whole_order_comes_with_its_branding_decoded() -> None:
    branding = {
        "name": "Łódź <b>Homes</b> 😀",
        "logo": base64.b64encode(SVG).decode(),
        "colour": "#12436D",
        "contact": ["1 Bow Lane", "020 7946 0000"],
    }
    brand = read_order(body(order(branding=branding, language="en-GB", tier="premium"))).brand
    assert isinstance(brand, Brand)
    assert (brand.name, brand.colour) == ("Łódź <b>Homes</b> 😀", "#12436d")
    assert brand.contact == ("1 Bow Lane", "020 7946 0000")
    assert (brand.logo_width, brand.logo_height) == (1000, 500)


def test_null_stands_for_no_branding() -> None:
    assert read_order(body(order(branding=None))).brand is None


@pytest.mark.parametrize(
    ("content", "field", "detail", "valid"),
    [
        (b"", "order", "is not JSON: EOF while parsing a value", None),
        (b"{", "order", "is not JSON: EOF while parsing an object", None),
        (b"\xff\xfe", "order", "is not JSON", None),
        (b"[" * 900_000, "order", "is not JSON: recursion limit exceeded", None),
        (b"null", "order", "must be a JSON object", None),
        (b'"order"', "order", "must be a JSON object", None),
        ([order()], "order", "must be a JSON object", None),
        (without("id"), "id", "is missing", None),
        (without("postcode"), "postcode", "is missing", None),
        (without("tier"), "tier", "is missing", None),
        (order(id=5), "id", "must be text", None),
        (order(id=""), "id", "'' is not 1 to 64 of A-Z a-z 0-9 . _ -", None),
        (order(id="x" * 65), "id", "is not 1 to 64 of", None),
        (order(id="-a"), "id", "'-a' is not 1 to 64 of", None),
        (order(id="a b"), "id", "'a b' is not", None),
        (order(id="a\n"), "id", r"'a\n' is not", None),
        (order(id="../../a"), "id", "'../../a' is not", None),
        (order(postcode=["EC2M 7PY"]), "postcode", "must be text", None),
        (order(postcode=""), "postcode", "is empty", None),
        (order(postcode="E" * 10_000), "postcode", "has 10,000 characters; 20 are allowed", None),
        (order(tier="gold"), "tier", "'gold' is none of the valid values", [*Tier]),
        (order(tier="Standard"), "tier", "'Standard' is none of the valid values", [*Tier]),
        (order(tier="\u202e" * 999), "tier", r"'\u202e", [*Tier]),
        (order(tier=3), "tier", "'3' is none of the valid values", [*Tier]),
        (order(tier=None), "tier", "'null' is none of the valid values", [*Tier]),
        (order(language="fr"), "language", "'fr' is none of the valid values", ["en", "en-GB"]),
        (order(language=None), "language", "is none of the valid values", ["en", "en-GB"]),
        (order(colour="#000000"), "colour", "there is no such field", FIELDS),
        (order(**{"x" * 9_999: 1}), "x" * 40 + "…", "there is no such field", FIELDS),
        ({"id": "a", "postcode": "b", "teir": "gold"}, "teir", "there is no such field", FIELDS),
        (order(branding="Bow Lane Lettings"), "branding", "must be a JSON object", None),
        (order(branding={}), "branding.name", "is missing", None),
        (order(branding={"name": "x" * 10_000}), "branding.name", "has 10,000 characters; 100", None),
        (order(branding={"name": "A", "contact": ["b", 5]}), "branding.contact[1]", "must be text", None),
        (order(branding={"name": "A\nB"}), "branding.name", "character 2 is U+000A", None),
        (order(branding={"name": "A", "colour": "#ffffff"}), "branding.colour", "contrast of 1.0:1", None),
        (order(branding={"name": "A", "logo": "????"}), "branding.logo", "is not base64", None),
        (
            order(branding={"name": "A", "color": "#000000"}),
            "branding.color",
            "there is no such field",
            ["name", "logo", "colour", "contact"],
        ),
    ],
)
def test_a_broken_order_is_one_problem(
    content: object, field: str, detail: str, valid: list[str] | None
) -> None:
    problem = refused(content)
    assert isinstance(problem, RequestError)
    assert problem.field == field
    assert problem.detail.startswith(f"{field}: ")
    assert detail in problem.detail
    assert problem.valid == valid
    assert len(problem.detail) < 300
    assert problem.detail.isprintable()


def test_a_lone_surrogate_is_a_problem() -> None:
    assert refused(rb'{"id": "a", "postcode": "b", "tier": "\ud800"}').field == "order"
    assert refused(body(order(postcode="\ud800"))).field == "order"


def test_an_order_of_more_than_a_megabyte_is_refused_by_its_size() -> None:
    huge = order(branding={"name": "A", "logo": base64.b64encode(bytes(5_000_000)).decode()})
    assert "bytes; 1,000,000 are allowed (its logo may have 500,000)" in refused(huge).detail
    assert id_of(body(huge)) == "2024-000123"
    assert read_order(body(order()).ljust(MAX_BYTES)).id == "2024-000123"
    assert refused(body(order()).ljust(MAX_BYTES + 1)).field == "order"


def test_the_largest_logo_fits_into_an_order() -> None:
    logo = base64.b64encode(SVG.ljust(500_000)).decode()
    assert read_order(body(order(branding={"name": "A", "logo": logo}))).brand is not None


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (body(order(tier="gold", nonsense=1)), "2024-000123"),
        (body(order(postcode=None)), "2024-000123"),
        (body(order())[:-5], "2024-000123"),
        (body(order()) + b"}", "2024-000123"),
        (b'{"id" : "a", "tier": \xff}', "a"),
        (b'{"id": "a", "postcode": ', "a"),
        (b'{"id": "a", "id": "b", "tier": ', None),
        (rb'{"branding": {"name": "\"id\": \"a\""', None),
        (body(order(id="a b")), None),
        (body(order(id="x" * 65)), None),
        (body(order(id=5)), None),
        (body(order(id="a\n")), None),
        (body([order()]), None),
        (body(without("id")), None),
        (b"null", None),
        (b"", None),
        (b"[" * 900_000, None),
    ],
)
def test_the_id_of_a_broken_order_is_found_where_it_can_be(content: bytes, found: str | None) -> None:
    assert id_of(content) == found


def fingerprint(**fields: Any) -> str:
    return fingerprint_of(body(order(**fields)))


def test_a_fingerprint_is_of_the_content_and_not_of_the_id_or_the_spelling() -> None:
    canonical = b'{"postcode":"EC2M 7PY","tier":"standard"}'
    assert fingerprint() == hashlib.sha256(canonical).hexdigest()
    assert fingerprint(id="another") == fingerprint(branding=None, language="en") == fingerprint()
    turned = dict(reversed(order().items()))
    assert fingerprint_of(json.dumps(turned, indent=4).encode()) == fingerprint()
    one = fingerprint(branding={"name": "Łódź"})
    escaped = json.dumps(order(branding={"contact": [], "name": "Łódź", "logo": None})).encode()
    assert fingerprint_of(escaped) == one


def test_every_other_content_has_another_fingerprint() -> None:
    logo = base64.b64encode(SVG).decode()
    others = [
        fingerprint(),
        fingerprint(postcode="EC2M 7PZ"),
        fingerprint(tier="premium"),
        fingerprint(language="en-GB"),
        fingerprint(branding={"name": "A"}),
        fingerprint(branding={"name": "B"}),
        fingerprint(branding={"name": "A", "colour": "#000000"}),
        fingerprint(branding={"name": "A", "contact": ["b", "c"]}),
        fingerprint(branding={"name": "A", "contact": ["c", "b"]}),
        fingerprint(branding={"name": "A", "logo": logo}),
    ]
    assert len(set(others)) == len(others)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def outcome(content: bytes) -> Order | OrderError:
    try:
        return read_order(content)
    except OrderError as problem:
        return problem


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*FIELDS, "other"]), JSON),
    st.sampled_from([*FIELDS, "name", "contact", "colour", "logo"]),
    JSON,
)
def test_any_json_is_an_order_or_one_problem(fields: dict[str, Any], name: str, value: object) -> None:
    for content in (fields, order(**{name: value}), order(branding={"name": "A", name: value})):
        read = outcome(json.dumps(content).encode())
        if isinstance(read, OrderError):
            assert read.field
            assert read.detail.isprintable()
            assert len(read.detail) < 300
        else:
            assert id_of(json.dumps(content).encode()) == read.id


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_problem(content: bytes) -> None:
    assert isinstance(outcome(content), OrderError)
    id_of(content)
