"""A page that says what went wrong. Pure."""

from services.gateway.schemas import Problem
from services.gateway.site.render import render


def render_problem(problem: Problem) -> str:
    """The page of a refusal or an outage."""
    return render("problem", section="", path=problem.instance, problem=problem)
