"""The command: what it says of bad input, of servers that are away, and of a system at work."""

import asyncio
import json
import signal
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import nats
import pytest

from shared.events import run_id
from shared.model import Dataset, parse_month
from shared.provision import provision
from tests.crimemaps import crimemaps, poll, start
from tests.servers import execute, run

NOBODY = "postgresql://me:secret@127.0.0.1:9/x", "nats://me:secret@127.0.0.1:9"
CONSUMERS = {
    "fetcher-orders",
    "fetcher-slices",
    "loader-pages",
    "loader-months",
    "loader-rollbacks",
    "hexer-months",
    "hexer-downloads",
    "reporter-orders",
    "reporter-web",
}


@pytest.fixture
def ready(database_url: str, nats_url: str) -> dict[str, str]:
    """A migrated database without data and a bus with empty streams, as the environment names them."""
    run(provision(nats_url))
    return {"DATABASE_URL": database_url, "NATS_URL": nats_url}


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def problem(*arguments: str, cwd: Path, servers: Mapping[str, str] | None = None) -> str:
    """what the command says when it refuses: exit code 2, soon, no traceback, no result."""
    done = crimemaps(*arguments, cwd=cwd, servers=servers, timeout=30)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ingest", "--months", "2018-13"], "'2018-13' is not a month: write YYYY-MM, 2010-12 or later"),
        (["ingest", "--months", "2018-12..2018-10"], "runs backwards"),
        (["ingest", "--months", "2099-01"], "valid are months from 2010-12 to before 20"),
        (["ingest", "--months", "2018-10", "--datasets", "crime"], "valid are street, outcomes, stops"),
        (["ingest"], "--months"),
        (["proof", "--month", "2018-10..2018-12"], "more than one month"),
        (["proof", "--dataset", "crimes"], "valid are street, outcomes, stops"),
        (["demo", "--months", "2010-12"], "the sample has no 2010-12: valid are 2018-04"),
        (["demo", "--json", "/no/such/folder/summary.json"], "the summary cannot be written"),
        (["up", "--source", "data.police.uk"], "write it as https://data.police.uk/api"),
        (["nonsense"], "ingest"),
        (["status"], "set DATABASE_URL and NATS_URL, or run `crimemaps up`"),
    ],
)
def test_bad_input_is_refused_with_what_is_valid(arguments: list[str], said: str, tmp_path: Path) -> None:
    assert said in problem(*arguments, cwd=tmp_path)


def test_a_port_in_use_is_refused_before_anything_starts(silent_port: int, tmp_path: Path) -> None:
    assert "--port" in problem("demo", "--port", str(silent_port), cwd=tmp_path)
    assert "--port" in problem("up", "--port", str(silent_port), cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_force_is_refused_with_all_that_exist(ready: dict[str, str], tmp_path: Path) -> None:
    said = problem("ingest", "--months", "2018-10", "--forces", "kent,london", cwd=tmp_path, servers=ready)
    assert "no force 'london'" in said
    assert all(force in said for force in ("btp", "city-of-london", "kent", "northern-ireland"))
    assert pending(ready) == 0


@pytest.mark.parametrize("command", [["status"], ["proof"], ["ingest", "--months", "2018-10"]])
def test_a_database_that_is_away_is_named_without_its_password(command: list[str], tmp_path: Path) -> None:
    database, bus = NOBODY
    said = problem(*command, cwd=tmp_path, servers={"DATABASE_URL": database, "NATS_URL": bus})
    assert "no database at postgresql://me@127.0.0.1:9/x" in said


def test_a_bus_that_is_away_is_told(ready: dict[str, str], tmp_path: Path) -> None:
    servers = {**ready, "NATS_URL": "nats://127.0.0.1:9"}
    assert "nats://127.0.0.1:9" in problem("status", cwd=tmp_path, servers=servers)


def test_servers_that_never_answer_are_told_instead_of_waited_for(silent_port: int, tmp_path: Path) -> None:
    servers = {
        "DATABASE_URL": f"postgresql://me:secret@127.0.0.1:{silent_port}/x",
        "NATS_URL": f"nats://me:secret@127.0.0.1:{silent_port}",
    }
    assert "no answer" in problem("status", cwd=tmp_path, servers=servers)


def test_a_bus_that_never_answers_is_told_instead_of_waited_for(
    ready: dict[str, str], silent_port: int, tmp_path: Path
) -> None:
    servers = {**ready, "NATS_URL": f"nats://127.0.0.1:{silent_port}"}
    assert f"nats://127.0.0.1:{silent_port}" in problem("status", cwd=tmp_path, servers=servers)


def test_a_bus_without_streams_is_told(database_url: str, nats_url: str, tmp_path: Path) -> None:
    servers = {"DATABASE_URL": database_url, "NATS_URL": nats_url}
    assert "python -m shared.provision" in problem("status", cwd=tmp_path, servers=servers)


def test_a_database_without_tables_is_told(ready: dict[str, str], tmp_path: Path) -> None:
    run(execute(ready["DATABASE_URL"], "DROP SCHEMA public CASCADE"))
    assert "python -m shared.migrate" in problem("status", cwd=tmp_path, servers=ready)


def test_the_status_of_an_empty_system_is_all_zeros(ready: dict[str, str], tmp_path: Path) -> None:
    status = read_status(ready, tmp_path)
    empty: dict[str, Any] = {"newest": None, "records": 0, "months": {}}
    assert status["loaded"] == {"street": empty, "outcomes": empty, "stops": empty}
    assert (status["running"], status["refused"], status["waiting"]["runs"]) == ([], [], [])
    messages = status["waiting"]["messages"]
    assert set(messages) == CONSUMERS
    assert all(set(queue.values()) == {0} for queue in messages.values())
    assert status["dead"] == {"count": 0, "newest": []}
    shown = crimemaps("status", cwd=tmp_path, servers=ready)
    assert (shown.returncode, "0 dead letters" in shown.stdout) == (0, True)


def test_an_order_without_waiting_is_one_message_a_month(ready: dict[str, str], tmp_path: Path) -> None:
    done = crimemaps(
        *("ingest", "--months", "2018-10..2018-12", "--datasets", "street,stops", "--forces", "kent,btp"),
        *("--accept-loss", "--json"),
        cwd=tmp_path,
        servers=ready,
    )
    assert done.returncode == 0, done
    order = json.loads(done.stdout)
    assert pending(ready) == 3
    first = read_order(ready)
    assert first["order_id"] == order["order"]
    assert (first["month"], first["datasets"], first["forces"], first["accept_loss"]) == (
        "2018-10-01",
        ["street", "stops"],
        ["btp", "kent"],
        True,
    )
    expected = [str(run_of(first, dataset, "2018-10")) for dataset in (Dataset.STREET, Dataset.STOPS)]
    assert [one["run"] for one in order["runs"]][:2] == expected
    assert read_status(ready, tmp_path)["waiting"]["messages"]["fetcher-orders"]["pending"] == 3


def test_the_status_tells_dead_letters_with_their_reasons(ready: dict[str, str], tmp_path: Path) -> None:
    for number in range(7):
        bury(ready, "loader-pages", b"\0not JSON", f"reason {number}")
    dead = read_status(ready, tmp_path)["dead"]
    assert dead["count"] == 7
    assert [letter["reason"] for letter in dead["newest"]] == [f"reason {n}" for n in (6, 5, 4, 3, 2)]
    assert {letter["original_subject"] for letter in dead["newest"]} == {"page.fetched"}


def test_a_rejected_month_ends_following_with_its_reasons(ready: dict[str, str], tmp_path: Path) -> None:
    process = start(
        ["ingest", "--months", "2018-10", "--datasets", "street", "--wait", "--json"], tmp_path, ready
    )
    wait_for_order(ready)
    order = read_order(ready)
    put_run(ready, order, "fetched")
    run(
        execute(
            ready["DATABASE_URL"],
            "INSERT INTO verdict (run_id, dataset, month, verdict, reasons, seconds) VALUES ("
            f"'{run_of(order)}', 'street', '2018-10-01', 'rejected', '{{\"kent went from 9 to 1\"}}', 1)",
        )
    )
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1, err
    assert [(one["state"], one["reasons"]) for one in json.loads(out)["runs"]] == [
        ("rejected", ["kent went from 9 to 1"])
    ]
    assert [one["state"] for one in read_status(ready, tmp_path)["refused"]] == ["rejected"]


def test_a_message_that_was_given_up_ends_following_instead_of_waiting_for_ever(
    ready: dict[str, str], tmp_path: Path
) -> None:
    bury(ready, "hexer-months", b"{}", "long ago")
    process = start(["ingest", "--months", "2018-10", "--datasets", "street", "--wait"], tmp_path, ready)
    wait_for_order(ready)
    order = read_order(ready)
    put_run(ready, order, "fetching")
    body = json.dumps({"run_id": str(run_of(order)), "slice_id": "t0"}).encode()
    bury(ready, "fetcher-slices", body, "KeyError: 'x'")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1, err
    assert "street 2018-10 failed: dead.fetcher-slices: KeyError: 'x'" in out


def test_following_tells_why_a_run_does_not_get_on_and_ctrl_c_ends_it(
    ready: dict[str, str], tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    process = start(
        ["ingest", "--months", "2018-10", "--datasets", "stops", "--wait"], tmp_path, ready, output=seen
    )
    wait_for_order(ready)
    order = read_order(ready)
    put_run(ready, order, "queued", error="the source is down")
    poll(lambda: "waiting: the source is down" in seen.read_text(), "the reason is shown")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert "Traceback" not in seen.read_text()


def test_the_proof_of_a_month_whose_records_are_gone_does_not_hold(
    ready: dict[str, str], tmp_path: Path
) -> None:
    insert = (
        "INSERT INTO version (id, dataset, month, run_id, source, received, duplicates, set_aside,"
        " out_of_scope, kept_from_previous, stored, checksum)"
        " VALUES (1, 'stops', '2018-10-01', gen_random_uuid(), 'api', 5, 0, 0, 0, 0, 5, '');"
        "INSERT INTO current_version VALUES ('stops', '2018-10-01', 1)"
    )
    run(execute(ready["DATABASE_URL"], insert))
    done = crimemaps("proof", "--json", cwd=tmp_path, servers=ready)
    assert done.returncode == 1, done
    (proof,) = json.loads(done.stdout)
    assert (proof["received"], proof["counted"], proof["holds"]) == (5, 0, False)
    assert "loaded: 2018-10" in problem("proof", "--month", "2018-11", cwd=tmp_path, servers=ready)


def read_status(servers: Mapping[str, str], cwd: Path) -> dict[str, Any]:
    done = crimemaps("status", "--json", cwd=cwd, servers=servers)
    assert done.returncode == 0, done
    status: dict[str, Any] = json.loads(done.stdout)
    return status


def run_of(order: dict[str, Any], dataset: Dataset | None = None, month: str = "2018-10") -> UUID:
    """The run that an order becomes."""
    return run_id(UUID(order["order_id"]), dataset or Dataset(order["datasets"][0]), parse_month(month))


def put_run(servers: Mapping[str, str], order: dict[str, Any], state: str, error: str = "") -> None:
    """Do as if the fetcher had taken the order."""

    insert = "INSERT INTO run (id, order_id, dataset, month, state, error) VALUES ($1, $2, $3, $4, $5, $6)"
    values = (UUID(order["order_id"]), order["datasets"][0], parse_month("2018-10"), state, error)

    async def put() -> None:
        connection = await asyncpg.connect(servers["DATABASE_URL"])
        try:
            await connection.execute(insert, run_of(order), *values)
        finally:
            await connection.close()

    run(put())


def pending(servers: Mapping[str, str]) -> int:
    """Orders on the bus."""

    async def count() -> int:
        client = await nats.connect(servers["NATS_URL"])
        try:
            info = await client.jetstream().consumer_info("WORK", "fetcher-orders")
            return info.num_pending or 0
        finally:
            await client.close()

    return run(count())


def wait_for_order(servers: Mapping[str, str]) -> None:
    poll(lambda: pending(servers) == 1, "the order is on the bus", seconds=30)


def read_order(servers: Mapping[str, str]) -> dict[str, Any]:
    """The first order on the bus; it stays there."""

    async def read() -> dict[str, Any]:
        client = await nats.connect(servers["NATS_URL"])
        try:
            message = await client.jetstream().get_msg("WORK", 1)
            order: dict[str, Any] = json.loads(message.data or b"")
            return order
        finally:
            await client.close()

    return run(read())


def bury(servers: Mapping[str, str], durable: str, body: bytes, reason: str) -> None:
    """Put a message among the dead letters."""

    async def publish() -> None:
        client = await nats.connect(servers["NATS_URL"])
        try:
            headers = {"Crimemaps-Dead-Subject": "page.fetched", "Crimemaps-Dead-Reason": reason}
            await asyncio.wait_for(client.jetstream().publish(f"dead.{durable}", body, headers=headers), 10)
        finally:
            await client.close()

    run(publish())
