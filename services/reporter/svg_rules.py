"""What a partner's SVG may have in it: plain drawing, and nothing that reaches outside the file."""

import base64
import binascii
import re
from xml.etree.ElementTree import Element

from services.reporter.problems import OrderError, shown
from services.reporter.rasters import FIELD, open_image

NAMESPACE = "{http://www.w3.org/2000/svg}"
DRAWING = (
    *("svg", "g", "defs", "symbol", "use", "title", "desc", "metadata", "style", "image"),
    *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
    *("linearGradient", "radialGradient", "stop", "clipPath", "mask"),
)
WHY_NOT = {
    "script": "scripts are not allowed in a logo",
    "foreignObject": "foreign content is not allowed in a logo",
    "text": "fonts differ from machine to machine, so turn the text into paths",
}
URL = re.compile(r"url\s*\(\s*[\"']?\s*([^)\"']*)", re.IGNORECASE)
DATA = re.compile(r"data:image/(png|jpeg);base64,(.*)", re.DOTALL)
MAX_USED = 10_000
"""Elements that all `<use>` together repeat."""


def check_element(element: Element) -> None:
    """Refuse an element that is no drawing, runs something, or refers to something outside the file.

    Raises:
        OrderError: says what, and why not.
    """
    namespace, _, name = element.tag.rpartition("}")
    is_svg = f"{namespace}}}" == NAMESPACE
    if name == "script" or (is_svg and name not in DRAWING):
        why = WHY_NOT.get(name, "a logo has plain drawing only")
        raise OrderError(FIELD, f"has <{shown(name)[1:-1]}>: {why}", DRAWING)
    for attribute, value in element.attrib.items():
        check_attribute(name, attribute.rpartition("}")[2], value)
    if name == "style":
        check_style("".join(element.itertext()))


def check_attribute(element: str, name: str, value: str) -> None:
    """Refuse event handlers and references to the outside."""
    if name.lower().startswith("on"):
        raise OrderError(FIELD, f"has the event handler {shown(name)}: scripts are not allowed in a logo")
    if name == "href":
        check_reference(element, value.strip())
    check_style(value)


def check_reference(element: str, target: str) -> None:
    """Refuse what is neither inside the file nor, for an image, written out in place."""
    match = DATA.fullmatch(target) if element == "image" else None
    if match:
        try:
            content = base64.b64decode("".join(match[2].split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise OrderError(FIELD, "has an <image> that is not base64") from error
        open_image(content, match[1].upper())
    elif not target.startswith("#") or element == "image":
        raise outside(target)


def check_style(text: str) -> None:
    """Refuse styles that load something."""
    if "@import" in text.lower():
        raise OrderError(FIELD, "imports a style sheet (@import): nothing outside the file is loaded")
    for target in URL.findall(text):
        if not target.startswith("#"):
            raise outside(target)


def outside(target: str) -> OrderError:
    """A reference to a file, an address or another kind of data."""
    return OrderError(
        FIELD,
        f"refers to {shown(target)}: nothing outside the file is loaded",
        ["#name of an element", "data:image/png;base64,… in <image>", "data:image/jpeg;base64,… in <image>"],
    )


def check_uses(root: Element) -> None:
    """Refuse `<use>` of what has `<use>` in it, which grows without end, and too many repetitions."""
    by_name = {element.get("id"): element for element in root.iter() if element.get("id")}
    used = 0
    for use in root.iter(f"{NAMESPACE}use"):
        href = next((value for name, value in use.attrib.items() if name.endswith("href")), "")
        target = by_name.get(href.strip()[1:])
        for part in target.iter() if target is not None else ():
            used += 1
            if part.tag == use.tag:
                raise OrderError(FIELD, "has <use> of something with <use> in it: write it out")
            if used > MAX_USED:
                raise OrderError(FIELD, f"repeats more than {MAX_USED:,} elements by <use>")
