"""The files of a report over HTTP: exactly what was rendered, and its numbers as CSV."""

import csv
import json
import re
from hashlib import sha256
from typing import Any
from uuid import uuid4

from services.gateway.report_csv import figures_csv
from shared.area_figures.shapes import Figures, canonical
from shared.model import Dataset
from tests.component.gateway.desk import PDF, Desk
from tests.component.gateway.server import Client, get

REPORTS = "/api/v1/reports"
STREET = Dataset.STREET


async def test_addresses_without_a_report_say_so(client: Client, desk: Desk) -> None:
    unknown = str(uuid4())
    for path in (REPORTS, "/r"):
        for ending in ("", ".json", ".csv"):
            if path == REPORTS or ending:
                problem = await get(client, f"{path}/{unknown}{ending}", 404)
                assert f"{unknown} is unknown" in problem["detail"]
                problem = await get(client, f"{path}/12{ending}", 404)
                assert "8-4-4-4-12" in problem["detail"]
    assert "is unknown" in (await get(client, f"{REPORTS}/{unknown}.pdf", 404))["detail"]
    assert "is unknown" in (await get(client, f"{REPORTS}/{unknown}/events", 404))["detail"]
    await get(client, f"{REPORTS}/{unknown}", 400, report_id="x")


async def test_a_waiting_report_has_no_files_and_a_failed_one_says_why(client: Client, desk: Desk) -> None:
    waiting = await desk.order("1")
    for ending in ("pdf", "json", "csv"):
        problem = await get(client, f"{REPORTS}/{waiting}.{ending}", 404)
        assert "the report is queued" in problem["detail"]
    assert "waiting for its turn" in (await client.get(f"/r/{waiting}")).text
    failed = await desk.refuse("2", code="invalid-order", detail="logo: <b>", field="logo", valid=("png",))
    status = await get(client, f"{REPORTS}/{failed}")
    assert status["state"] == "failed"
    assert status["problem"] == {
        "code": "invalid-order", "detail": "logo: <b>", "field": "logo", "valid": ["png"],
    }  # fmt: skip
    assert status["answered_at"]
    assert "logo: &lt;b&gt;" in (await client.get(f"/r/{failed}")).text


async def test_a_rendered_report_gives_exactly_what_was_rendered(
    client: Client, desk: Desk, figures: Figures
) -> None:
    report = await desk.render("1", figures)
    status = await get(client, f"{REPORTS}/{report}")
    about = status["report"]
    assert await get(client, f"{REPORTS}/{str(report).upper()}") == status
    assert (status["state"], about["postcode"], about["pages"]) == ("rendered", "EC2R 8AH", 7)
    assert (about["first_month"], about["last_month"], about["radius_m"]) == ("2017-12", "2018-11", 500)
    pdf = await client.get(status["links"]["pdf"])
    assert pdf.content == PDF
    assert sha256(pdf.content).hexdigest() == about["sha256"]
    assert (pdf.headers["content-type"], len(PDF)) == ("application/pdf", about["bytes"])
    assert pdf.headers["content-disposition"] == 'inline; filename="neighbourhood-report-EC2R-8AH.pdf"'
    assert "content-encoding" not in pdf.headers
    for path in (status["links"]["json"], f"/r/{report}.json"):
        answer = await client.get(path)
        assert answer.content == canonical(figures)
        assert sha256(answer.content).hexdigest() == about["figures_sha256"]
    for path in (*(status["links"][name] for name in ("pdf", "json", "csv")), f"/r/{report}.csv"):
        answer = await client.get(path)
        assert "immutable" in answer.headers["cache-control"]
        again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_the_pdf_of_another_partner_is_in_its_own_store(
    client: Client, desk: Desk, figures: Figures
) -> None:
    report = await desk.render("1", figures, "acme")
    status = await get(client, f"{REPORTS}/{report}")
    assert set(status["links"]) == {"self", "events", "page", "json", "csv"}
    assert status["verification"]["state"] == "current"
    assert "acme" not in json.dumps(status)
    problem = await get(client, f"{REPORTS}/{report}.pdf", 404)
    assert "partner's own store" in problem["detail"]
    assert ".pdf" not in (await client.get(f"/r/{report}")).text


async def test_a_pdf_that_is_not_kept_or_is_another_is_not_given(
    client: Client, desk: Desk, figures: Figures
) -> None:
    gone, other = [await desk.render(number, figures) for number in ("1", "2")]
    store = await desk.bus.client.jetstream().object_store("reports-web")
    await store.delete("1.pdf")
    await store.put("2.pdf", b"%PDF another")
    for report in (gone, other):
        problem = await get(client, f"{REPORTS}/{report}.pdf", 404)
        assert "order it again" in problem["detail"]


def measures(text: str) -> dict[tuple[str, str, str], str]:
    """The rows of a CSV by section, key and measure."""
    rows = list(csv.DictReader(text.splitlines()))
    found = {(row["section"], row["key"], row["measure"]): row["value"] for row in rows}
    assert len(found) == len(rows)
    return found


async def test_the_csv_has_every_number_of_the_json(client: Client, desk: Desk, figures: Figures) -> None:
    report = await desk.render("1", figures)
    answer = await client.get(f"{REPORTS}/{report}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = measures(answer.text)
    given = (await client.get(f"{REPORTS}/{report}.json")).json()
    assert given["crimes"] == 14  # 3 at CITY and 4 at BANK in each of two months; STATION is 680 m away
    assert rows["report", "", "crimes"] == str(given["crimes"])
    for category in given["categories"]:
        for measure in ("crimes", "share", "area_share", "area_pp", "country_pp"):
            number = category[measure]
            assert rows["categories", category["slug"], measure] == ("" if number is None else str(number))
    for month in given["months"]:
        crimes = "" if month["crimes"] is None else str(month["crimes"])
        assert rows["months", month["month"], "crimes"] == crimes
    for cohort in given["cohorts"]:
        for group, n in cohort["groups"].items():
            assert rows["cohorts", cohort["month"], f"groups.{group}"] == str(n)
    shown = [float(value) for value in rows.values() if re.fullmatch(r"-?[\d.]+", value)]
    assert sorted(shown) == numbers(given)
    assert len(shown) > 100


def numbers(given: Any) -> list[float]:
    """Every number in a JSON value, sorted."""
    if isinstance(given, dict):
        return sorted(n for value in given.values() for n in numbers(value))
    if isinstance(given, list):
        return sorted(n for value in given for n in numbers(value))
    return [float(given)] if isinstance(given, int | float) and not isinstance(given, bool) else []


def test_no_text_in_the_csv_is_taken_for_a_formula() -> None:
    locations = [{"name": name, "crimes": -1} for name in ("=1+1", "+1", "-1", "@x", 'On "or", near', "\t=1")]
    rows = list(csv.reader(figures_csv({"locations": locations, "note": "=cmd"}).splitlines()))
    assert [row[2] for row in rows[1:7]] == ["'=1+1", "'+1", "'-1", "'@x", 'On "or", near', "'\t=1"]
    assert {row[4] for row in rows[1:7]} == {"-1"}
    assert rows[7] == ["report", "", "", "note", "'=cmd"]
