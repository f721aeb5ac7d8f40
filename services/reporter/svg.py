"""SVG from strangers: checked, then drawn as a PNG by another process, which nothing outlives.

Only what is checked is drawn: the checked tree is written anew, without comments and instructions.
Some drawings take for ever or all memory in a few lines (masks of masks of masks), so the process has bounds.
"""

import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.reporter.problems import OrderError
from services.reporter.rasters import FIELD, LONGEST_SIDE
from services.reporter.svg_rules import NAMESPACE, check_element, check_uses
from shared.errors import TransientError

MAX_ELEMENTS = 10_000
MAX_DEPTH = 50
MAX_LENGTH = 100_000
"""User units of a side."""
UNITS = {"": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
NUMBER = r"(?:[0-9]{1,9}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(?:[eE][+-]?[0-9]{1,3})?"
LENGTH = re.compile(rf"\s{{0,9}}\+?({NUMBER})(px|pt|pc|mm|cm|in|)\s{{0,9}}")
"""Each part bounded: a long run of digits must not be tried in every way."""
REFUSED = 3
"""The drawing process's exit code for what its library refuses."""
DRAW = Path(__file__).with_name("draw_svg.py")
PATIENCE = 60.0
"""Seconds; the process ends itself after 5 of computing, this is for a machine with too much to do."""


def draw_svg(content: bytes) -> bytes:
    """Check an SVG and draw it as a PNG.

    Raises:
        OrderError: it is broken, has more than drawing in it, or is too much to draw.
        TransientError: the machine is short of memory or time.
    """
    return draw(clean(content))


def clean(content: bytes) -> str:
    """The SVG with nothing in it but checked drawing, and a size in pixels."""
    root = parse(content)
    check_extent(root)
    for element in root.iter():
        check_element(element)
    drop_foreign(root)
    check_uses(root)
    set_size(root)
    return tostring(root, encoding="unicode")


def parse(content: bytes) -> Element:
    """The tree of an SVG without document type or entities."""
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise OrderError(
            FIELD, "has a document type or entities (<!DOCTYPE …>): leave them out, SVG needs neither"
        ) from error
    except (ParseError, ValueError, LookupError) as error:  # LookupError: an encoding that does not exist
        raise OrderError(FIELD, f"is no SVG that can be read: {error}") from error
    if root.tag != f"{NAMESPACE}svg":
        raise OrderError(FIELD, f'is no SVG: it must begin with <svg xmlns="{NAMESPACE[1:-1]}">')
    return root


def check_extent(root: Element) -> None:
    """Refuse a tree that is too large or too deep."""
    number, depth, level = 0, 0, [root]
    while level:
        number, depth = number + len(level), depth + 1
        if number > MAX_ELEMENTS or depth > MAX_DEPTH:
            raise OrderError(
                FIELD,
                f"is too complex: {MAX_ELEMENTS:,} elements, {MAX_DEPTH} inside each other, are allowed",
            )
        level = [child for element in level for child in element]


def drop_foreign(root: Element) -> None:
    """Take out what drawing programs add for themselves: it is never drawn."""
    for element in list(root.iter()):
        for child in list(element):
            if not child.tag.startswith(NAMESPACE):
                element.remove(child)
        for name in list(element.attrib):
            if name.startswith("{") and not name.endswith("}href"):
                del element.attrib[name]


def set_size(root: Element) -> None:
    """Let the longest side have as many pixels as a report needs, whatever the file says."""
    if "viewBox" in root.attrib:
        numbers = root.attrib["viewBox"].replace(",", " ").split()
        sides = [length(number) for number in numbers[2:]] if len(numbers) == 4 else []
    else:
        sides = [length(root.get(name, "")) for name in ("width", "height")]
        root.set("viewBox", "0 0 " + " ".join(str(side) for side in sides))
    if len(sides) != 2 or not all(0 < side <= MAX_LENGTH for side in sides):
        raise OrderError(
            FIELD,
            "has no usable size: give it a viewBox, or a width and height with an absolute unit, "
            f"of more than 0 and at most {MAX_LENGTH:,}",
        )
    for name, side in zip(("width", "height"), sides, strict=True):
        root.set(name, str(max(1, round(LONGEST_SIDE * side / max(sides)))))


def length(text: str) -> float:
    """A length in user units; 0 for what is none, or depends on a page."""
    match = LENGTH.fullmatch(text)
    return float(match[1]) * UNITS[match[2]] if match else 0.0


def draw(svg: str) -> bytes:
    """Let another process draw, one that has no environment, and bounds."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(DRAW)],
            input=svg.encode(),
            capture_output=True,
            env={},
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise TransientError("the machine had no time to draw a logo") from error
    if done.returncode == -signal.SIGKILL:  # not one of its own bounds
        raise TransientError("the process that draws a logo was killed: is there too little memory?")
    if done.returncode == REFUSED:
        raise OrderError(FIELD, f"cannot be drawn: {done.stderr.decode(errors='replace').strip()}")
    if done.returncode != 0:
        raise OrderError(FIELD, "takes too much time or memory to draw: simplify it, or send a PNG")
    return done.stdout
