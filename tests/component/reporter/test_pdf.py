"""The report as HTML and as PDF: its structure, its words, its fonts, and what a partner may put into it.

`RECORD_GOLDEN=1 pytest tests/component/reporter/test_pdf.py` records the HTML anew: read the difference.
"""

import os
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path

import msgspec
import pikepdf
import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from services.reporter.branding import Brand
from services.reporter.document import Picture, to_html
from services.reporter.pdf import to_pdf
from services.reporter.pictures import draw
from services.reporter.rendering import Job, render
from shared.area_figures.counts import Point
from shared.area_figures.shapes import Figures, checksum
from shared.model import format_month, months_after
from tests.pages import Page
from tests.words import judged_in, shown_on

DATA = Path(__file__).parents[2] / "data" / "report"
FIGURES = msgspec.json.decode((DATA / "figures.json").read_bytes(), type=Figures)
POINTS = msgspec.json.decode((DATA / "points.json").read_bytes(), type=tuple[Point, ...])
REPORT_ID = "0b7f3a52-2f4e-5a11-8f7d-5e1a8c0d9b21"
URL = f"https://example.org/r/{REPORT_ID}"
NAMES = (
    "Ågård & Søn Ltd",
    "مكتب العقارات",
    "خدماتِ جائیداد لاہور ہاؤس",
    "בית ירושלים",
    "Škoda Žižkov 😀",
    "Homes 🏠 👨‍👩‍👧 👍🏽 ✉️ 🇬🇧",
)
HOSTILE = '<script>alert(1)</script><img src="file:///etc/passwd"><h1>A1</h1>'


def job(brand: Brand | None = None, figures: Figures = FIGURES) -> Job:
    return Job(REPORT_ID, URL, figures, POINTS, brand)


def brand(name: str, *contact: str) -> Brand:
    return Brand(name, "#7a1f5c", contact, None, None, None)


@cache
def report() -> bytes:
    return render(job()).data


@cache
def pages() -> str:
    return words_of(report())


def words_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.split()) for page in pages_of(pdf))


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def elements(tree: pikepdf.Object) -> Iterator[pikepdf.Dictionary]:
    """All structure elements below one."""
    kids = tree.get("/K", pikepdf.Array())
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from elements(kid)


@pytest.mark.parametrize("months", [None, 60])
def test_every_head_of_a_table_says_what_it_is_a_head_of_and_is_found_by_the_cells_that_name_it(
    months: int | None,
) -> None:
    """Also in tables that go on on another page."""
    made = to_pdf(draw(job(figures=window_of(months))))[0] if months else report()
    with pikepdf.open(BytesIO(made)) as pdf:
        root = pdf.Root.StructTreeRoot
        heads = {str(one.ID): one for one in elements(root) if one.S == "/TH"}
        named = list(root.IDTree.Names)
        tree = {str(name): one for name, one in zip(named[::2], named[1::2], strict=True)}
        cells = [[str(name) for name in one.A.Headers] for one in elements(root) if one.S == "/TD"]
        scopes = {name: str(one.A.Scope) for name, one in tree.items()}
        texts = {name: one.objgen for name, one in heads.items()}
        assert list(tree) == sorted(texts)
        assert {name: one.objgen for name, one in tree.items()} == texts
    assert len(cells) > 100
    assert all(sorted(scopes[name] for name in cell) == ["/Column", "/Row"] for cell in cells)


def test_no_word_of_a_report_judges_an_area_nor_what_its_pictures_are_told_as() -> None:
    with pikepdf.open(BytesIO(report())) as pdf:
        told = [str(one.Alt) for one in elements(pdf.Root.StructTreeRoot) if "/Alt" in one]
    assert len(told) >= 6
    assert judged_in(pages(), *told) == []
    assert judged_in(*shown_on(Page.of((DATA / "report.html").read_text(encoding="utf-8")))) == []


def test_the_html_is_the_recorded_one() -> None:
    picture = Picture("<svg/>", "what it shows", "chart")
    names = ("coverage", "density", "categories", "trend", "outcomes", "mix")
    html = to_html(
        FIGURES,
        dict.fromkeys(names, picture),
        brand("Acme", "1 Bank Street"),
        report_id=REPORT_ID,
        verify_url=URL,
    )
    golden = DATA / "report.html"
    if os.environ.get("RECORD_GOLDEN"):
        golden.write_text(html, encoding="utf-8")
    assert html == golden.read_text(encoding="utf-8")


def test_the_same_job_gives_the_same_bytes() -> None:
    assert render(job()).data == report()


def test_the_pdf_is_tagged_titled_and_in_a_language() -> None:
    with pikepdf.open(BytesIO(report())) as pdf:
        root = pdf.Root
        assert root.MarkInfo.Marked
        assert str(root.Lang) == "en-GB"
        assert root.ViewerPreferences.DisplayDocTitle
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"] == "Neighbourhood report: EC2M 7PY"
        tags = list(elements(root.StructTreeRoot))
        kinds = [str(tag.S) for tag in tags]
        assert kinds.count("/Figure") == 7  # two maps, four charts, the QR code
        assert all(len(str(tag.Alt)) > 20 for tag in tags if tag.S == "/Figure")
        assert kinds.count("/Table") == 8
        assert {"/H1", "/H2", "/H3", "/TH", "/TD", "/L", "/LI", "/Link", "/Caption"} <= set(kinds)
        headings = [kind for kind in kinds if re.fullmatch(r"/H\d", kind)]
        assert headings[0] == "/H1"
        assert headings.count("/H1") == 1
        with pdf.open_outline() as outline:
            assert [item.title for item in outline.root][:2] == ["The area", "Crimes by category"]


def test_every_font_is_embedded_and_no_letter_is_missing() -> None:
    for name in ("Acme", *NAMES):
        data = to_pdf(draw(job(brand(name, name))))[0]
        with pikepdf.open(BytesIO(data)) as pdf:
            fonts = {font for page in pdf.pages for font in fonts_of(page)}
            assert fonts
            for page in pdf.pages:
                for text in texts(page):
                    # Two bytes a letter; number 0 is the box that stands for a missing one.
                    assert b"\0\0" not in [text[n : n + 2] for n in range(0, len(text), 2)], name
        assert {font.partition("+")[2].partition("-")[0] for font in fonts} <= {"Inter", "DejaVu", "Noto"}


def fonts_of(page: pikepdf.Page) -> list[str]:
    """Names of a page's fonts, each with its file inside the document."""
    names = []
    for font in page.Resources.get("/Font", pikepdf.Dictionary()).values():
        (descendant,) = font.DescendantFonts
        descriptor = descendant.FontDescriptor
        assert "/FontFile2" in descriptor or "/FontFile3" in descriptor
        names.append(str(font.BaseFont).removeprefix("/"))
    return names


def texts(page: pikepdf.Page) -> Iterator[bytes]:
    """What a page shows, as glyph numbers."""
    for instruction in pikepdf.parse_content_stream(page):
        shown = instruction.operands[0] if str(instruction.operator) in ("Tj", "TJ") else pikepdf.Array()
        parts = shown if isinstance(shown, pikepdf.Array) else [shown]
        yield from (bytes(part) for part in parts if isinstance(part, pikepdf.String))


def test_the_text_says_the_figures() -> None:
    for row in FIGURES.categories:
        assert f"{row.name} {row.crimes:,} {row.share:.1f}" in pages()
        assert f"{row.name} {row.share:.1f} % {row.area_share:.1f} %" in pages()
    for place in FIGURES.locations:
        assert f"{place.name} {place.crimes:,}" in pages()
    for cohort in FIGURES.cohorts:
        assert f"{cohort.crimes:,} {cohort.groups['positive']:,}" in pages()
    for code in (checksum(FIGURES)[:32], checksum(FIGURES)[32:], REPORT_ID, FIGURES.revision, URL):
        assert code in pages()
    for promise in ("500 met", "Open Government Licence v3.0", "Limitations", "Professional"):
        assert promise in pages()


def test_a_missing_month_is_a_dash_and_never_a_zero() -> None:
    assert "2017" + " \N{EN DASH}" * 13 in pages()  # twelve months and their sum
    assert "No data are loaded for January 2017 to September 2018" in pages()


def test_the_railway_police_are_named_where_their_months_are_missing() -> None:
    gap = "Crimes on railways, which the British Transport Police records, are"
    assert gap not in pages()
    assert "it has data of all of these months" in pages()
    for known, said in ((0, "missing in all of these months"), (2, "here for only 2 of these months")):
        words = words_of(to_pdf(draw(job(figures=replace(FIGURES, railway_months=known))))[0])
        assert f"{gap} {said}" in words
        assert ("Crimes on railways are in 2 of these months only" in words) == (known == 2)


def test_words_without_a_space_stay_on_the_sheet() -> None:
    """The widest letter, as often as a name and a line may have it."""
    made = to_pdf(draw(job(brand("W" * 100, *["W" * 100] * 6))))[0]
    with pikepdf.open(BytesIO(made)) as pdf:
        assert len(pdf.pages) <= 9
    letters = "".join(page.replace("\n", "") for page in pages_of(made))
    assert letters.count("W" * 100) == 8  # once more where the brand is named as who ordered it
    assert "W" * 100 not in words_of(made)  # so it was broken into lines


@pytest.mark.parametrize("months", [12, 13, 24, 60])
def test_no_page_is_left_with_a_line_or_two(months: int) -> None:
    """Whatever the window, and with all that a brand may have above the contents."""
    long = brand("A name " * 14, *["A line of contact " * 5] * 6)
    words = [page.split() for page in pages_of(to_pdf(draw(job(long, window_of(months))))[0])]
    assert min(map(len, words)) > 60
    assert "Contents" in words[0]
    assert "The area" in " ".join(words[1][:5])


def window_of(months: int) -> Figures:
    """The figures as if so many months were known, each like the newest one."""
    names = [format_month(months_after(date(2018, 12, 1), -back)) for back in reversed(range(months))]
    return replace(
        FIGURES,
        months=[replace(FIGURES.months[-1], month=name) for name in names],
        cohorts=[replace(FIGURES.cohorts[-1], month=name, is_finished=False) for name in names],
        first_month=names[0],
        missing_months=[],
    )


def test_links_lead_inside_the_document_or_to_the_verification() -> None:
    reader = PdfReader(BytesIO(report()))
    actions = [
        annotation.get_object().get("/A", {})
        for page in reader.pages
        for annotation in page.get("/Annots", [])
    ]
    links = {str(action["/URI"]) for action in actions if "/URI" in action}
    assert links == {URL, f"{URL}.json", f"{URL}.csv"}


def test_hostile_words_of_a_partner_are_words(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    hostile = HOSTILE.replace("/etc/passwd", str(secret))
    html = draw(job(brand(hostile, hostile, "{{ f.crimes }}")))
    assert "<script>" not in html
    said = words_of(to_pdf(html)[0])
    assert "<script>alert(1)</script>" in said
    assert "{{ f.crimes }}" in said
    assert "a secret" not in said


@pytest.mark.parametrize("address", ["file:///etc/hostname", "http://127.0.0.1:1/x.png", "ftp://127.0.0.1/x"])
def test_the_renderer_fetches_nothing(address: str, caplog: pytest.LogCaptureFixture) -> None:
    to_pdf(f'<html lang="en"><title>t</title><p>x<img src="{address}" alt="y"></p></html>')
    assert "disallowed protocol" in caplog.text
