"""Logos from strangers: a report gets a plain PNG of our own making, or the partner a reason."""

import base64
import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from services.reporter.branding import Brand, read_branding
from services.reporter.problems import OrderError

SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
RECT = '<rect width="40" height="20" fill="#123456"/>'


def branding(**fields: Any) -> dict[str, Any]:
    return {"name": "Bow Lane Lettings", **fields}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def svg(inside: str, root: str = 'viewBox="0 0 40 20"', before: str = "") -> str:
    """A drawing, as base64."""
    return encoded(f"{before}<svg {SVG} {root}>{inside}</svg>".encode())


def png(
    width: int = 40, height: int = 20, mode: str = "RGBA", color: Any = (18, 52, 86, 255), **save: Any
) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (width, height), color).save(file, "PNG", **save)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_bomb(side: int) -> bytes:
    """A few kilobytes that claim to be a square of so many pixels a side."""
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def picture(brand: Brand) -> Image.Image:
    """The PNG of a brand, decoded."""
    assert brand.logo_data_uri is not None
    head, _, data = brand.logo_data_uri.partition(",")
    assert head == "data:image/png;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    image.load()
    return image


def refused(**fields: Any) -> OrderError:
    with pytest.raises(OrderError) as caught:
        read_branding(branding(**fields))
    return caught.value


def read(logo: str) -> Brand | OrderError:
    try:
        return read_branding(branding(logo=logo))
    except OrderError as problem:
        return problem


# PNG


def test_without_a_logo_there_is_none() -> None:
    assert read_branding(branding()) == Brand("Bow Lane Lettings", None, (), None, None, None)


@pytest.mark.parametrize(
    ("mode", "color", "shown"),
    [
        ("RGBA", (18, 52, 86, 128), (18, 52, 86, 128)),
        ("RGB", (18, 52, 86), (18, 52, 86, 255)),
        ("P", 0, (0, 0, 0, 255)),
        ("L", 200, (200, 200, 200, 255)),
        ("LA", (200, 100), (200, 200, 200, 100)),
        ("1", 1, (255, 255, 255, 255)),
        ("I;16", 200 * 256, (200, 200, 200, 255)),
    ],
)
def test_a_png_of_any_kind_keeps_its_colours(mode: str, color: Any, shown: tuple[int, ...]) -> None:
    brand = read_branding(branding(logo=encoded(png(mode=mode, color=color))))
    image = picture(brand)
    assert (brand.logo_width, brand.logo_height) == image.size == (40, 20)
    assert image.convert("RGBA").getpixel((5, 5)) == shown


def test_a_large_png_is_scaled_down_in_proportion() -> None:
    brand = read_branding(branding(logo=encoded(png(4000, 1000))))
    assert (brand.logo_width, brand.logo_height) == picture(brand).size == (1000, 250)


def test_metadata_profiles_and_trailing_bytes_are_left_behind() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "secret words")
    info.add_itxt("XML:com.adobe.xmp", "<secret/>")
    content = png(pnginfo=info, icc_profile=b"secret profile", dpi=(300, 300)) + b"<script>secret</script>"
    image = picture(read_branding(branding(logo=encoded(content))))
    assert image.info == {}
    _, _, data = (read_branding(branding(logo=encoded(content))).logo_data_uri or "").partition(",")
    names = [data[at : at + 4] for data in [base64.b64decode(data)] for at in range(len(data) - 3)]
    assert not {b"tEXt", b"iTXt", b"zTXt", b"iCCP", b"eXIf", b"pHYs"} & set(names)


def test_an_animation_becomes_its_first_picture() -> None:
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), color) for color in ("#ff0000", "#00ff00")]
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    image = picture(read_branding(branding(logo=encoded(file.getvalue()))))
    assert getattr(image, "n_frames", 1) == 1
    assert image.convert("RGB").getpixel((4, 4)) == (255, 0, 0)


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), "#123456").save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (jpeg(), "is a JPEG, not a PNG or SVG"),
        (b"GIF89a...", "is a GIF, not a PNG or SVG"),
        (b"%PDF-1.7", "is a PDF, not a PNG or SVG"),
        (b"just words", "is no image, not a PNG or SVG"),
        (b"", "is no image, not a PNG or SVG"),
        (png()[:-30], "is a broken PNG"),
        (png()[:20], "is a broken PNG"),
        (b"\x89PNG\r\n\x1a\n", "is a broken PNG"),
        (png().replace(b"IDAT", b"IDAX"), "is a broken PNG"),
        (b"\x89PNG\r\n\x1a\n" + jpeg(), "is a broken PNG"),
        (png_bomb(30_000), "has far too many pixels; 4,000 by 4,000 are allowed"),
        (png_bomb(9_000), "has 9,000 by 9,000 pixels; 4,000 by 4,000 are allowed"),
        (png(4001, 1), "has 4,001 by 1 pixels"),
        (png_bomb(3_000), "is a broken PNG"),
        (png(color=(0, 0, 0, 0)), "shows nothing"),
    ],
)
def test_what_is_no_sound_png_is_refused_for_what_it_is(content: bytes, detail: str) -> None:
    problem = refused(logo=encoded(content))
    assert problem.field == "branding.logo"
    assert problem.detail.startswith(f"branding.logo: {detail}")
    assert " object at " not in problem.detail


def test_text_chunks_that_unpack_to_gigabytes_are_refused() -> None:
    bomb = zlib.compress(bytes(100_000_000), 9)
    content = png()
    content = content[:33] + chunk(b"zTXt", b"Comment\0\0" + bomb) + content[33:]
    assert "is a broken PNG" in refused(logo=encoded(content)).detail


def test_a_logo_of_five_megabytes_is_refused_by_its_size() -> None:
    problem = refused(logo=encoded(bytes(5_000_000)))
    assert problem.detail == "branding.logo: has 5,000,000 bytes; 500,000 are allowed"
    assert "500,001 bytes" in refused(logo=encoded(png().ljust(500_001, b"\0"))).detail
    assert read_branding(branding(logo=encoded(png().ljust(500_000, b"\0")))).logo_width == 40


@pytest.mark.parametrize(
    "logo", ["?", "abc", "data:image/png;base64,AAAA", encoded(png())[:40] + "\n", "żółw"]
)
def test_what_is_not_base64_is_refused(logo: str) -> None:
    assert "is not base64" in refused(logo=logo).detail


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_a_damaged_png_is_a_picture_or_a_problem(place: int, value: int, mends_checksums: bool) -> None:
    content = bytearray(SOUND)
    content[8 + place % (len(content) - 8)] = value
    logo = mended(bytes(content)) if mends_checksums else bytes(content)
    brand = read(encoded(logo))
    if isinstance(brand, OrderError):
        assert brand.field == "branding.logo"
    else:
        assert picture(brand).size == (brand.logo_width, brand.logo_height)


SOUND = png(16, 8, pnginfo=PngImagePlugin.PngInfo())


def mended(content: bytes) -> bytes:
    """A PNG with the checksums that its chunks should have, as far as they can be found."""
    result, at = content[:8], 8
    while at + 12 <= len(content):
        (size,) = struct.unpack(">I", content[at : at + 4])
        if at + 12 + size > len(content):
            break
        result += chunk(content[at + 4 : at + 8], content[at + 8 : at + 8 + size])
        at += 12 + size
    return result + content[at:]


# SVG


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ('viewBox="0 0 40 20"', (1000, 500)),
        ('viewBox="0,0,40,20" width="1e9" height="1e9"', (1000, 500)),
        ('width="40" height="20"', (1000, 500)),
        ('width="40mm" height="80mm"', (500, 1000)),
        ('viewBox="0 0 100000 100"', (1000, 1)),
    ],
)
def test_an_svg_is_drawn_as_a_png_of_bounded_size(root: str, size: tuple[int, int]) -> None:
    brand = read_branding(branding(logo=svg('<rect width="100000" height="100000" fill="#123456"/>', root)))
    image = picture(brand)
    assert (brand.logo_width, brand.logo_height) == image.size == size
    assert image.convert("RGBA").getpixel((0, 0)) == (18, 52, 86, 255)


def test_what_drawing_programs_write_is_drawn() -> None:
    # Of Inkscape, Illustrator and Figma: their own elements, styles, clip paths by <use>, gradients, masks.
    inside = f"""
        <!-- Generator: a program --><?xml-stylesheet href="http://example.org/a.css"?>
        <metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>
        <sodipodi:namedview xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" id="base"/>
        <style type="text/css">.st0{{clip-path:url(#clip);fill:url(#blue)}}</style>
        <defs><linearGradient id="blue"><stop offset="0" stop-color="#123456"/></linearGradient>
        <rect id="box" width="40" height="20"/><clipPath id="clip"><use xlink:href="#box"/></clipPath>
        <mask id="mask"><rect width="40" height="20" fill="white"/></mask></defs>
        <g mask="url('#mask')"><rect class="st0" width="40" height="20"/></g>
        <image width="10" height="10" href="data:image/png;base64,{encoded(png(color=(255, 0, 0, 255)))}"/>
        <image width="0" height="0" xlink:href="data:image/jpeg;base64,{encoded(jpeg())}"/>
    """
    image = picture(read_branding(branding(logo=svg(inside)))).convert("RGBA")
    assert image.getpixel((900, 400)) == (18, 52, 86, 255)
    assert image.getpixel((100, 100)) == (255, 0, 0, 255)


XXE = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
SVG_IN_SVG = f"data:image/svg+xml;base64,{svg(RECT)}"


@pytest.mark.parametrize(
    ("logo", "detail"),
    [
        (svg("<script>alert(1)</script>"), "has <script>: scripts are not allowed"),
        (svg('<h:script xmlns:h="http://www.w3.org/1999/xhtml"/>'), "has <script>: scripts"),
        (svg('<rect width="9" height="9" onclick="alert(1)"/>'), "has the event handler 'onclick'"),
        (svg(RECT, 'viewBox="0 0 1 1" onload="alert(1)"'), "has the event handler 'onload'"),
        (svg("<foreignObject/>"), "has <foreignObject>: foreign content is not allowed"),
        (svg("<text>Bow Lane</text>"), "has <text>: fonts differ from machine to machine"),
        (svg("<filter/>"), "has <filter>: a logo has plain drawing only"),
        (svg("<a href='#x'/>"), "has <a>: a logo has plain drawing only"),
        (svg("<animate/>"), "has <animate>"),
        (svg('<image href="http://example.org/a.png"/>'), "refers to 'http://example.org/a.png'"),
        (svg('<image xlink:href="//example.org/a.png"/>'), "refers to '//example.org/a.png'"),
        (svg('<image href="/etc/passwd"/>'), "refers to '/etc/passwd'"),
        (svg('<image href="file:///etc/passwd"/>'), "refers to 'file:///etc/passwd'"),
        (svg('<image href="#a"/>'), "refers to '#a'"),
        (svg(f'<image href="{SVG_IN_SVG}"/>'), "refers to 'data:image/svg+xml;base64,"),
        (svg('<image href="data:image/png;base64,?"/>'), "has an <image> that is not base64"),
        (svg(f'<image href="data:image/png;base64,{svg(RECT)}"/>'), "is a broken PNG"),
        (
            svg(f'<image href="data:image/png;base64,{encoded(png_bomb(30_000))}"/>'),
            "has far too many pixels",
        ),
        (svg('<use href="other.svg#logo"/>'), "refers to 'other.svg#logo'"),
        (svg('<use href="javascript:alert(1)"/>'), "refers to 'javascript:alert(1)'"),
        (svg('<rect fill="url(http://example.org/#a)"/>'), "refers to 'http://example.org/#a'"),
        (svg("<rect style=\"fill: URL( 'a.svg#b' )\"/>"), "refers to 'a.svg#b'"),
        (svg("<style>rect{fill:url(a.svg#b)}</style>"), "refers to 'a.svg#b'"),
        (svg("<style>@import 'a.css';</style>"), "imports a style sheet"),
        (svg("<style>@import url(http://example.org/a.css);</style>"), "imports a style sheet"),
        (svg(RECT, before=XXE), "has a document type or entities"),
        (svg("&x;", before=XXE), "has a document type or entities"),
        (svg("&b;", before=LAUGHS), "has a document type or entities"),
        (svg(RECT, before="<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'a.dtd'>"), "has a document type"),
        (svg("<rect>"), "is no SVG that can be read"),
        (encoded(b"<html><body/></html>"), "is no SVG: it must begin with"),
        (encoded(b"<svg viewBox='0 0 1 1'/>"), "is no SVG: it must begin with"),
        (encoded(b"<?xml version='1.0' encoding='none'?><svg/>"), "is no SVG that can be read"),
        (svg("<g>" * 60 + "</g>" * 60), "is too complex"),
        (svg("<g>" * 10_000 + "</g>" * 10_000), "is too complex"),
        (svg("<g/>" * 10_000), "is too complex"),
        (svg(RECT, ""), "has no usable size"),
        (svg(RECT, 'width="100%" height="100%"'), "has no usable size"),
        (svg(RECT, 'width="1e30" height="1"'), "has no usable size"),
        (svg(RECT, 'viewBox="0 0 0 20"'), "has no usable size"),
        (svg(RECT, 'viewBox="0 0 -5 20"'), "has no usable size"),
        (svg(RECT, 'viewBox="0 0 nan inf"'), "has no usable size"),
        (svg(RECT, 'viewBox="0 0 200000 20"'), "has no usable size"),
        (svg(""), "shows nothing"),
    ],
)
def test_an_svg_with_more_than_drawing_in_it_is_refused_for_what_it_has(logo: str, detail: str) -> None:
    problem = refused(logo=logo)
    assert problem.field == "branding.logo"
    assert problem.detail.startswith(f"branding.logo: {detail}")
    assert len(problem.detail) < 200


def chained(layer: str, number: int) -> str:
    """Layers that each hold ten of the layer before."""
    return "".join(layer.replace("THIS", f"l{n}").replace("LAST", f"l{n - 1}") for n in range(1, number))


def test_a_use_of_uses_is_refused_before_it_grows() -> None:
    uses = f'<g id="l0">{RECT}</g>' + chained('<g id="THIS"><use href="#LAST"/><use href="#LAST"/></g>', 3)
    uses += '<use href="#l2"/>'
    assert "has <use> of something with <use> in it" in refused(logo=svg(uses)).detail
    assert "has <use> of" in refused(logo=svg('<g id="a"><use href="#a"/></g>')).detail
    many = f'<g id="a">{"<path/>" * 200}</g>' + '<use href="#a"/>' * 60
    assert "repeats more than 10,000 elements" in refused(logo=svg(many)).detail


def test_a_drawing_without_end_is_given_up() -> None:
    box = '<rect width="40" height="20" fill="white" mask="url(#LAST)"/>'
    masks = f'<mask id="l0">{RECT}</mask>' + chained(f'<mask id="THIS">{box * 10}</mask>', 12)
    problem = refused(logo=svg(masks + '<rect width="40" height="20" mask="url(#l11)"/>'))
    assert "takes too much time or memory to draw" in problem.detail


def test_nothing_of_an_svg_but_its_picture_reaches_the_report() -> None:
    brand = read_branding(branding(logo=svg(f"<title>secret</title><desc>secret</desc>{RECT}")))
    image = picture(brand)
    assert image.info == {}
    assert b"secret" not in base64.b64decode((brand.logo_data_uri or "").partition(",")[2])


def test_the_same_logo_gives_the_same_bytes() -> None:
    first = read_branding(branding(logo=svg(RECT))).logo_data_uri
    assert read_branding(branding(logo=svg(f"{RECT} <!-- drawn again -->"))).logo_data_uri == first
