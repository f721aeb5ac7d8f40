"""PNG and JPEG from strangers, decoded within bounds."""

import io
import struct
import zlib

from PIL import Image, ImageFile, UnidentifiedImageError

from services.reporter.problems import OrderError

FIELD = "branding.logo"
MAX_SIDE = 4_000
"""Pixels of an image that is decoded."""
LONGEST_SIDE = 1_000
"""Pixels of the PNG that a report gets: 85 mm at 300 dots per inch."""
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, struct.error, zlib.error)
"""What Pillow raises for broken files."""


def open_image(content: bytes, form: str) -> Image.Image:
    """The first frame of a PNG or JPEG (`form`), decoded.

    Raises:
        OrderError: too big, or broken.
    """
    # WeasyPrint, where it is imported, has Pillow take what is cut short, and any amount of text with it.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with Image.open(io.BytesIO(content), formats=[form]) as image:
            if max(image.size) > MAX_SIDE:
                raise too_large(f"{image.width:,} by {image.height:,}")
            image.verify()
        image = Image.open(io.BytesIO(content), formats=[form])  # none can be used after verify()
        image.load()
    except Image.DecompressionBombError as error:
        raise too_large("far too many") from error
    except BROKEN as error:
        # Which object of ours could not be identified is of no use to anybody.
        is_told = not isinstance(error, UnidentifiedImageError)
        said = f": {str(error)[:100] or type(error).__name__}" if is_told else ""
        raise OrderError(FIELD, f"is a broken {form}{said}") from error
    return image


def too_large(size: str) -> OrderError:
    """An image with so many pixels."""
    return OrderError(FIELD, f"has {size} pixels; {MAX_SIDE:,} by {MAX_SIDE:,} are allowed")


def redraw(png: bytes) -> tuple[bytes, int, int]:
    """A new PNG of the same picture, scaled down if it is large, with its width and height in pixels.

    Nothing but pixels is taken over: no text, profile, further frame or trailing bytes.

    Raises:
        OrderError: too big, broken, or nothing to see.
    """
    image = open_image(png, "PNG")
    if image.mode.startswith("I"):  # 16 bits of grey, which convert() would cut off
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    image = image.convert("RGBA")
    if image.getchannel("A").getbbox() is None:
        raise OrderError(FIELD, "shows nothing: every pixel is transparent")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    image.info = {}
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue(), image.width, image.height
