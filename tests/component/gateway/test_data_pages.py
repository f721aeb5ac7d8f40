"""The pages about the data say what the database and the files say."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.gateway.settings import GatewaySettings
from services.gateway.site.words import month as month_words
from services.gateway.site.words import size
from shared.db import open_pool
from shared.model import Dataset, format_month
from tests.archives import archive_run, load_archive, real, rows_in
from tests.builders import CITY, sample_run
from tests.bus import provisioned
from tests.component.gateway.country import CITY as IN_THE_CITY
from tests.component.gateway.country import DECEMBER, OCTOBER, ROWS, Country
from tests.component.gateway.records import load
from tests.component.gateway.sample import make_files
from tests.component.gateway.server import Cable, Client, gateway
from tests.pages import Page, text_of
from tests.pipeline import loaded, loader_store

STREET, STOPS = Dataset.STREET, Dataset.STOPS
ROOT = Path(__file__).parents[3]
RECORDS = """
SELECT to_char(c.month, 'YYYY-MM'), count(*) FROM current_version AS c
JOIN street_crime AS r ON r.version_id = c.version_id WHERE c.dataset = 'street' GROUP BY c.month
"""


async def page(client: Client, address: str, status: int = 200) -> Page:
    answer = await client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return Page.of(answer.text)


def matrix(shown: Page) -> dict[str, list[str]]:
    """The cells of each force as a screen reader has them."""
    found = {}
    for row in shown.find("div[@class='scroll matrix']//tbody/tr"):
        found[text_of(next(row.iter("th")))] = [said(cell) for cell in row.iter("td")]
    return found


def said(cell: Any) -> str:
    """The text of a cell without what is hidden from screen readers."""
    parts = [cell.text or ""]
    for one in cell:
        parts += [] if one.get("aria-hidden") else [text_of(one)]
        parts.append(one.tail or "")
    return " ".join(" ".join(parts).split())


async def test_coverage_tells_state_count_and_evidence_of_every_force(
    client: Client, country: Country, pool: asyncpg.Pool
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    shown = await page(client, "/data/coverage")
    rows = matrix(shown)
    names = [row["name"] for row in await pool.fetch("SELECT name FROM force WHERE slug <> ''")]
    assert set(rows) == {*names, "Outside every police area"}
    assert rows["City of London Police"] == ["published 12"]
    assert rows["British Transport Police"] == ["published 3"]
    assert rows["Kent Police"] == ["not published : the source gave no records located in this area"]
    assert rows["Greater Manchester Police"][0].startswith("not published 6 : 6 records among 2,948,600")
    assert rows["Outside every police area"] == ["published 2"]
    letters = shown.texts("td[@class='cell-published']/span[@aria-hidden='true']")
    assert set(letters) == {"P"}
    totals = shown.texts("tfoot//span[@class='count']")
    [counted] = [str(row["count"]) for row in await pool.fetch(RECORDS)]
    assert totals == [counted, "5"]


async def test_coverage_counts_are_those_of_real_records_month_by_month(
    client: Client, pool: asyncpg.Pool
) -> None:
    for month in ("2018-10", "2018-12"):
        await load(pool, STREET, month)
    shown = await page(client, "/data/coverage?dataset=street")
    heads = shown.texts("div[@class='scroll matrix']//thead//th")
    assert heads == ["Force", "Oct 18", "Nov 18", "Dec 18"]
    counted = {str(month): n for month, n in await pool.fetch(RECORDS)}
    totals = shown.texts("tfoot/tr[1]//span")
    assert totals == [str(counted["2018-10"]), "\N{EN DASH}", str(counted["2018-12"])]
    assert {row[1] for row in matrix(shown).values()} == {"not loaded"}
    [api] = [one.get("href") for one in shown.find("ul[@class='links']//a") if "JSON" in text_of(one)]
    told = (await client.get(str(api))).json()["datasets"][0]["months"]
    assert [month["month"] for month in told] == ["2018-10", "2018-11", "2018-12"]
    states = [
        str(cell.get("class")).removeprefix("cell-")
        for row in shown.find("div[@class='scroll matrix']//tbody/tr")
        for cell in row.iter("td")
        if cell.get("class")
    ]
    forces = [[row["state"] for row in month["forces"] if row["force"]] for month in told]
    assert sorted(states[: 3 * len(forces[0])]) == sorted(state for month in forces for state in month)


async def test_many_months_are_shown_by_year_the_newest_first(client: Client, country: Country) -> None:
    for month in (OCTOBER, DECEMBER.replace(year=2020)):
        await country.load(STREET, month, ROWS)
    shown = await page(client, "/data/coverage")
    assert shown.texts("nav[@aria-label='Year']//a") == ["2020", "2018"]
    assert shown.texts("nav[@aria-label='Year']//a[@aria-current]") == ["2020"]
    assert len(shown.find("div[@class='scroll matrix']//thead//th")) == 13
    older = await page(client, "/data/coverage?year=2018")
    assert older.texts("div[@class='scroll matrix']//thead//th") == ["Force", "Oct 18", "Nov 18", "Dec 18"]
    refused = await page(client, "/data/coverage?year=2019", 404)
    assert "2020, 2018" in text_of(refused.root)
    refused = await page(client, "/data/coverage?dataset=cats", 400)
    assert "street, outcomes, stops" in text_of(refused.root)


async def test_coverage_lists_known_issues_and_months_that_were_refused(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.decide(STREET, OCTOBER, "rejected")
    shown = await page(client, "/data/coverage")
    assert "kent went from 900 to 3 records" in text_of(shown.root)
    issues = (await client.get("/api/v1/coverage?dataset=street")).json()["known_issues"]
    assert len(shown.find("div[@aria-label='Known issues']//tbody/tr")) == len(issues)
    for one in issues:
        assert one["issue"] in text_of(shown.root)
        assert one["source"] in text_of(shown.root)


@pytest.fixture
async def revised(pool: asyncpg.Pool) -> None:
    """Two months as they were published, and as they were published again."""
    for month in ("2018-10", "2018-12"):
        await loaded(loader_store(pool), sample_run(month=month))
        await loaded(loader_store(pool), sample_run(month=month, revised=True))


async def test_revisions_are_the_counts_of_the_ledger(
    client: Client, pool: asyncpg.Pool, revised: None
) -> None:
    rows = await pool.fetch(
        "SELECT r.id, v.month, sum(n.added) AS added, sum(n.removed) AS removed, "
        "sum(n.outcome_changed) AS outcome_changed, sum(n.otherwise_changed) AS otherwise_changed "
        "FROM revision AS r JOIN version AS v ON v.id = r.version_id "
        "JOIN revision_count AS n ON n.revision_id = r.id GROUP BY r.id, v.month ORDER BY r.id DESC"
    )
    assert len(rows) == 2
    shown = await page(client, "/data/revisions")
    assert shown.texts("ol[@class='ledger']//h2") == [
        f"Street crimes, {month_words(format_month(row['month']))}" for row in rows
    ]
    for row in rows:
        told = shown.texts(f"li[@id='revision-{row['id']}']/dl//dd")
        kinds = ("added", "removed", "outcome_changed", "otherwise_changed")
        assert told == [str(row[kind]) for kind in kinds]
        assert sum(map(int, told)) > 0
    older = await page(client, f"/data/revisions?before={rows[0]['id']}")
    assert [one.get("id") for one in older.find("ol[@class='ledger']/li")] == [f"revision-{rows[1]['id']}"]
    none = await page(client, "/data/revisions?dataset=stops&month=&force=")
    assert none.find("ol[@class='ledger']/li") == []
    refused = await page(client, "/data/revisions?force=camelot", 400)
    assert "kent" in text_of(refused.root)


async def test_reconciliations_are_the_sums_of_api_and_archive(client: Client, pool: asyncpg.Pool) -> None:
    files = real("2018-10", STREET, CITY)
    await load(pool, STREET, "2018-10")
    await load_archive(loader_store(pool), archive_run(files))
    shown = await page(client, "/data/reconciliations?dataset=street&month=2018-10")
    assert shown.texts("ol[@class='ledger']//h2") == ["Street crimes, October 2018"]
    assert shown.texts("ol[@class='ledger']//td") == [str(len(rows_in(files))), *["0"] * 6]


async def test_the_account_of_a_month_is_that_of_its_version(
    client: Client, country: Country, pool: asyncpg.Pool
) -> None:
    version = await country.load(STREET, OCTOBER, ROWS, set_aside=3)
    shown = await page(client, "/data/proof?dataset=street&month=2018-10")
    row = await pool.fetchrow("SELECT * FROM version WHERE id = $1", version)
    assert row is not None
    together = row["received"] + row["kept_from_previous"]
    assert shown.texts("div[@aria-label='The account']//td") == [
        str(row["received"]), f"+ {row['kept_from_previous']}", str(together), str(row["stored"]),
        f"+ {row['duplicates']}", f"+ {row['out_of_scope']}", f"+ {row['set_aside']}", str(together),
        str(await pool.fetchval("SELECT count(*) FROM street_crime WHERE version_id = $1", version)),
    ]  # fmt: skip
    assert "The account holds." in text_of(shown.root)
    assert "no month: 3" in text_of(shown.root)
    await pool.execute("DELETE FROM street_crime WHERE version_id = $1 AND ordinal = 0", version)
    await country.decide(STREET, OCTOBER, "unchanged")
    assert "does not hold" in text_of((await page(client, "/data/proof")).root)
    await page(client, "/data/proof?dataset=street&month=2018-11", 404)


async def test_downloads_list_files_with_their_rows_sizes_and_checksums(
    client: Client, pool: asyncpg.Pool, nats_url: str
) -> None:
    await load(pool, STREET, "2018-10")
    await load(pool, STREET, "2018-11")
    waiting = await page(client, "/data/downloads")
    assert "October 2018, November 2018" in text_of(waiting.root)
    async with provisioned(nats_url):
        await make_files(pool, nats_url)
    shown = await page(client, "/data/downloads?dataset=street")
    counted = {month_words(month): n for month, n in await pool.fetch(RECORDS)}
    bodies = shown.find("table[@class='files']/tbody")
    assert [text_of(next(body.iter("th"))) for body in bodies] == ["November 2018", "October 2018"]
    for body in bodies:
        assert text_of(next(body.iter("td"))) == str(counted[text_of(next(body.iter("th")))])
        for row in body.iter("tr"):
            [address] = [one.get("href") for one in row.iter("a") if "download" in one.attrib]
            file = (await client.get(str(address))).content
            assert text_of(next(row.iter("code"))) == hashlib.sha256(file).hexdigest()
            assert size(len(file)) in [text_of(cell) for cell in row.iter("td")]
    columns = (await client.get("/api/v1/downloads/street/2018-11")).json()["columns"]
    assert shown.texts("div[@aria-label='Columns']//th/code") == [column["name"] for column in columns]


async def test_the_status_tells_what_is_new_what_is_behind_and_what_works(
    client: Client, country: Country
) -> None:
    empty = text_of((await page(client, "/data/status")).root)
    assert empty.count("nothing loaded yet") == 3
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STREET, OCTOBER, ROWS[:-1], cells=False)
    await country.load(STOPS, OCTOBER, [(IN_THE_CITY, None, "Arrest")])
    await country.decide(STOPS, OCTOBER, "rejected")
    shown = await page(client, "/data/status")
    rows = shown.find("div[@aria-label='Newest months']//tbody/tr")
    assert [[text_of(cell) for cell in row.iter("td")][-1] for row in rows] == [
        "1",
        "nothing loaded yet",
        "1",
    ]
    text = text_of(shown.root)
    assert re.search(r"Street crimes, October 2018: version \d+ is loaded, version \d+ is shown", text)
    assert "kent went from 900 to 3 records" in text
    assert "Database: works Queue: works Cache: not used here" in text
    assert len(shown.find("div[@aria-label='The newest runs']//tbody/tr")) == 3


async def test_the_status_is_told_also_while_the_database_is_away(database_url: str, nats_url: str) -> None:
    cable = Cable(database_url)
    await cable.mend()
    settings = GatewaySettings(database_url=cable.url, nats_url=nats_url)
    async with open_pool(cable.url) as pool, gateway(settings, pool) as client:
        assert "Database: works" in text_of((await page(client, "/data/status")).root)
        cable.cut()
        answer = await client.get("/data/status")
        text = text_of(Page.of(answer.text).root)
        assert answer.status_code == 200
        assert "Database: does not answer Queue: works" in text
        assert "nothing can be said of the data" in text
        assert "127.0.0.1" not in answer.text
        await cable.mend()
        assert "Database: works" in text_of((await page(client, "/data/status")).root)
        cable.cut()


async def test_the_queue_is_explained_with_the_contract(client: Client) -> None:
    shown = await page(client, "/data/queue")
    partners = (ROOT / "docs" / "partners.md").read_text(encoding="utf-8")
    _, _, table = partners.partition("| code |")
    assert shown.texts("div[@aria-label='Codes']//th/code") == re.findall(
        r"^\| `([a-z-]+)` \|", table, re.MULTILINE
    )
    [link] = [one.get("href") for one in shown.find("main//a") if text_of(one) == "asyncapi.json"]
    document = (await client.get(str(link))).json()  # a copy in services/gateway/web/static
    assert document == json.loads((ROOT / "docs" / "asyncapi.json").read_bytes())
    fields = shown.texts("div[@aria-label='Fields of an order']//th/code")
    assert fields == list(document["components"]["schemas"]["Order"]["properties"])
    assert [json.loads(example) for example in (one.text or "" for one in shown.find("pre"))] == [
        message["examples"][0]["payload"] for message in document["components"]["messages"].values()
    ]
