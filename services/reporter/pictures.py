"""The pictures of a report, and the report as HTML with them in it. Pure but for bundled data."""

from functools import cache

from services.reporter import alt_text, charts
from services.reporter.basemap import bundled
from services.reporter.document import Picture, to_html
from services.reporter.maps import coverage_map, density_map
from services.reporter.rendering import Job
from shared.area_figures.telling import partly_missing
from shared.areas import ForceAreas

CHARTS = {
    "categories": charts.category_bars,
    "trend": charts.monthly_trend,
    "outcomes": charts.outcome_cohorts,
    "mix": charts.mix_comparison,
}


def draw(job: Job) -> str:
    """The whole report as HTML."""
    figures = job.figures
    pictures = maps(job) | {
        name: Picture(charts.to_svg(chart(figures)), getattr(alt_text, chart.__name__)(figures), "chart")
        for name, chart in CHARTS.items()
    }
    return to_html(figures, pictures, job.brand, report_id=job.report_id, verify_url=job.verify_url)


def maps(job: Job) -> dict[str, Picture]:
    """The radius, and where crimes were placed."""
    f, basemap = job.figures, job.basemap or bundled()
    names = [(point.latitude, point.longitude, point.name) for point in job.points]
    spots = [(point.latitude, point.longitude, point.n) for point in job.points]
    silent = areas().outlines(other.force for other in partly_missing(f))
    coverage = coverage_map(f.latitude, f.longitude, f.radius_m, basemap, names, f.postcode, silent)
    density = density_map(f.latitude, f.longitude, f.radius_m, spots, basemap, names, silent)
    return {
        "coverage": Picture(coverage, alt_text.coverage_map(f), "map"),
        "density": Picture(density, alt_text.density_map(f, spots), "map"),
    }


@cache
def areas() -> ForceAreas:
    """The police areas, read once a process."""
    return ForceAreas.load()
