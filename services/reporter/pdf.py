"""HTML to PDF: tagged, with embedded fonts, from nothing but what it is given."""

from base64 import b64encode
from functools import cache
from io import BytesIO
from pathlib import Path

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

from services.reporter.table_heads import add_scopes

HERE = Path(__file__).parent
FONTS = (
    ("Inter", 400, "Inter-Regular.otf"),
    ("Inter", 600, "Inter-SemiBold.otf"),
    ("Inter", 700, "Inter-Bold.otf"),
    # Before DejaVu, whose few emoji do not join into flags, families and skin tones.
    ("Noto Emoji", 400, "NotoEmoji-Regular.ttf"),
    # What Inter has no letters for: Arabic with Persian and Urdu; Hebrew and symbols.
    ("Noto Sans Arabic", 400, "NotoSansArabic-Regular.ttf"),
    ("DejaVu Sans", 400, "DejaVuSans.ttf"),
)
# Neither the network nor the file system: what a report shows is inside its HTML.
NOTHING_ELSE = URLFetcher(allowed_protocols=("data",))


def to_pdf(html: str) -> tuple[bytes, int]:
    """An A4 PDF/UA-1 document and its number of pages. The same HTML gives the same bytes."""
    fonts, style = style_sheet()
    document = HTML(string=html, url_fetcher=NOTHING_ELSE).render(
        stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1"
    )
    target = BytesIO()
    document.write_pdf(target, finisher=add_scopes, pdf_variant="pdf/ua-1")
    return target.getvalue(), len(document.pages)


@cache
def style_sheet() -> tuple[FontConfiguration, CSS]:
    """The style with its fonts; read once a process."""
    fonts = FontConfiguration()
    faces = "".join(font_face(*font) for font in FONTS)
    style = (HERE / "templates" / "report.css").read_text(encoding="utf-8")
    return fonts, CSS(string=faces + style, font_config=fonts, url_fetcher=NOTHING_ELSE)


def font_face(family: str, weight: int, file: str) -> str:
    """A font as part of the style sheet."""
    data = b64encode((HERE / "fonts" / file).read_bytes()).decode()
    kind = "truetype" if file.endswith("ttf") else "opentype"
    return (
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; '
        f'src: url("data:font/{kind};base64,{data}") format("{kind}") }}'
    )
