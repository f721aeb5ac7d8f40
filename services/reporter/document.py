"""A report as HTML: figures, pictures and words put into the template. Pure."""

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from services.reporter.branding import Brand
from services.reporter.letters import isolated
from shared.area_figures.shapes import Figures, checksum
from shared.area_figures.telling import full_month, grouped, has_gaps, spans, sum_known, told

SECTIONS = (
    ("area", "The area"),
    ("categories", "Crimes by category"),
    ("trend", "Month by month"),
    ("locations", "Most frequent published locations"),
    ("outcomes", "Outcomes"),
    ("comparison", "The mix of categories compared"),
    ("ons", "Compared with ONS recorded crime"),
    ("coverage", "Months and coverage"),
    ("method", "Method and limitations"),
    ("verify", "Verify this report"),
)


@dataclass(frozen=True)
class Picture:
    """A chart or a map as SVG, with what a reader who cannot see it is told; `kind` is chart or map."""

    svg: str
    alt: str
    kind: str

    @property
    def uri(self) -> str:
        """The picture inside the document."""
        return "data:image/svg+xml;base64," + b64encode(self.svg.encode()).decode()


def to_html(
    figures: Figures,
    pictures: dict[str, Picture],
    brand: Brand | None,
    *,
    report_id: str,
    verify_url: str,
) -> str:
    """The whole report. Everything that comes from outside is text, never markup."""
    return template().render(
        f=figures,
        pictures=pictures,
        brand=brand,
        report_id=report_id,
        verify_url=verify_url,
        checksum=checksum(figures),
        qr=segno.make(verify_url, error="m").svg_data_uri(border=0, scale=4, dark="#1d2329"),
        sections=SECTIONS,
        **told(figures),
    )


@cache
def template() -> Template:
    """The template, compiled once a process."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters |= {
        "isolated": isolated,
        "n": grouped,
        "month": full_month,
        "spans": spans,
        "sum_known": sum_known,
        "has_gaps": has_gaps,
    }
    return environment.get_template("report.html.jinja")
