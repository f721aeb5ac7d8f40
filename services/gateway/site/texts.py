"""Pages of text: licence, accessibility, privacy, and how partners order through the queue. Pure."""

from functools import cache
from typing import Any

import msgspec

from services.gateway.cache import KEPT
from services.gateway.limits import WINDOW
from services.gateway.reference import methodology
from services.gateway.settings import GatewaySettings
from services.gateway.site.assets import assets
from services.gateway.site.language import gettext as _
from services.gateway.site.render import render
from shared.provision import REPORT_DAYS

QUEUE_DOCUMENT = "asyncapi.json"


@cache
def libraries() -> list[dict[str, Any]]:
    """What of others' work browsers are given, as its folder lists it."""
    found: list[dict[str, Any]] = msgspec.json.decode(assets()["vendor/manifest.json"].body)
    return [
        {**one, "text": next(name for name in one["files"] if name.startswith("LICENCE"))} for one in found
    ]


@cache
def contract() -> dict[str, Any]:
    """The AsyncAPI document of the queue."""
    found: dict[str, Any] = msgspec.json.decode(assets()[QUEUE_DOCUMENT].body)
    return found


@cache
def render_licence() -> str:
    """Licence and sources."""
    return render("licence", section="", path="/licence", libraries=libraries())


def render_accessibility(settings: GatewaySettings) -> str:
    """The accessibility statement."""
    return render("accessibility", section="", path="/accessibility", contact=settings.contact_email)


def render_privacy(settings: GatewaySettings) -> str:
    """What is known of visitors, and of those whom the data are about."""
    return render(
        "privacy",
        section="",
        path="/privacy",
        contact=settings.contact_email,
        asks_online=settings.postcodes_io,
        counts=settings.redis_url is not None,
        seconds=WINDOW,
        kept_minutes=KEPT // 60,
        report_days=REPORT_DAYS,
        people=methodology()["people"],
    )


@cache
def render_queue() -> str:
    """How partners order reports; fields and examples are those of the contract."""
    document = contract()
    schemas = document["components"]["schemas"]
    return render(
        "data_queue",
        section="data",
        path="/data/queue",
        document=document,
        order=fields(schemas, "Order"),
        branding=fields(schemas, "Branding"),
        examples={
            name: msgspec.json.format(
                msgspec.json.encode(message["examples"][0]["payload"]), indent=1
            ).decode()
            for name, message in document["components"]["messages"].items()
        },
        tiers=methodology()["reports"]["tiers_months"],
        days=REPORT_DAYS,
        address=QUEUE_DOCUMENT,
    )


def fields(schemas: dict[str, Any], name: str) -> list[tuple[str, bool, str]]:
    """The fields of a shape: name, whether it is required, and what it is."""
    shape = schemas[name]
    return [
        (field, field in shape["required"], said_of(schemas, one))
        for field, one in shape["properties"].items()
    ]


def said_of(schemas: dict[str, Any], field: dict[str, Any]) -> str:
    """What the contract says of a field: words, values, bounds."""
    listed = field.get("enum") or schemas.get(field.get("$ref", "").rpartition("/")[2], {}).get("enum", [])
    bounds = [_("at most %(n)s lines") % {"n": field["maxItems"]}] if "maxItems" in field else []
    inner = field.get("items", field)
    bounds += [_("at most %(n)s characters") % {"n": inner["maxLength"]}] if "maxLength" in inner else []
    words = [field.get("description", "").rstrip("."), ", ".join(listed), ", ".join(bounds)]
    return "; ".join(word for word in words if word)
