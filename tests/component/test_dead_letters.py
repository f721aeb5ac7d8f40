"""`crimemaps dead`: what was given up is shown, put back and removed, and nothing by accident."""

import asyncio
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import nats
import pytest
from nats.js.api import RawStreamMsg

from services.console.dead_letters import DeadLetters
from services.console.queues import open_queues
from shared.events import DEAD, FACTS, MonthLoaded
from shared.model import Dataset
from shared.provision import provision
from tests.crimemaps import crimemaps
from tests.servers import run

RUN = UUID("6f0d3d1c-0c38-4c4b-9c8a-6d9f0a4f2b11")
EVENT = MonthLoaded(
    run_id=RUN, dataset=Dataset.STREET, month=date(2018, 10, 1), version=7, changed=True, records=1
)
BODY = EVENT.model_dump_json().encode()


@pytest.fixture
def servers(nats_url: str) -> dict[str, str]:
    """A bus with empty streams; the command needs no database for dead letters."""
    run(provision(nats_url))
    return {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/x", "NATS_URL": nats_url}


def bury(servers: Mapping[str, str], durable: str, reason: str, body: bytes = BODY, **headers: str) -> None:
    """Put a message among the dead letters with the headers that the services give it."""
    given = {
        "Nats-Msg-Id": f"dead/{durable}/{uuid4()}",
        "Crimemaps-Dead-Subject": "month.loaded",
        "Crimemaps-Dead-Reason": reason,
        "Crimemaps-Dead-Tries": "1",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }

    async def publish() -> None:
        client = await nats.connect(servers["NATS_URL"])
        try:
            await client.jetstream().publish(f"dead.{durable}", body, stream=DEAD, headers=given)
        finally:
            await client.close()

    run(publish())


def stored(servers: Mapping[str, str], stream: str) -> list[RawStreamMsg]:
    """What a stream holds."""

    async def read() -> list[RawStreamMsg]:
        client = await nats.connect(servers["NATS_URL"])
        try:
            jetstream = client.jetstream()
            state = (await jetstream.stream_info(stream)).state
            found = []
            for number in range(max(state.first_seq, 1), state.last_seq + 1):
                try:
                    found.append(await jetstream.get_msg(stream, number))
                except nats.js.errors.NotFoundError:
                    continue
            return found
        finally:
            await client.close()

    return run(read())


def dead(servers: Mapping[str, str], cwd: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    """What the command says on both outputs."""
    done = crimemaps("dead", *arguments, cwd=cwd, servers=servers)
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def numbers(servers: Mapping[str, str]) -> list[int]:
    """The places of the dead letters that are left."""
    return [message.seq or 0 for message in stored(servers, DEAD)]


def test_the_list_shows_the_newest_first_and_can_be_narrowed(servers: dict[str, str], tmp_path: Path) -> None:
    bury(servers, "hexer-months", "PermanentError: street 2018-10-01 is not loaded")
    bury(servers, "loader-pages", "the page is not a JSON array", b"\x28\xb5\x2f\xfd\0")
    bury(servers, "hexer-months", "KeyError: 'x'")
    found = json.loads(dead(servers, tmp_path, "list", "--json")[0])
    assert [one["number"] for one in found] == [3, 2, 1]
    assert found[2] == {
        "number": 1,
        "queue": "hexer-months",
        "original_subject": "month.loaded",
        "reason": "PermanentError: street 2018-10-01 is not loaded",
        "tries": "1",
        "at": found[2]["at"],
        "run": str(RUN),
        "bytes": len(BODY),
    }
    narrowed = dead(servers, tmp_path, "list", "--queue", "hexer-months", "--reason", "keyerror", "--json")[0]
    assert [one["number"] for one in json.loads(narrowed)] == [3]
    text = dead(servers, tmp_path, "list", "--limit", "2")[0]
    assert "2 of 3 dead letters" in text
    assert "the page is not a JSON array" in text
    assert "is not loaded" not in text


def test_one_message_is_shown_with_headers_and_its_body_saved_byte_by_byte(
    servers: dict[str, str], tmp_path: Path
) -> None:
    packed = b"\x28\xb5\x2f\xfd\0\xff"
    bury(servers, "loader-pages", "the page is not zstd", packed, Crimemaps_Slice_Id="t7")
    bury(servers, "hexer-months", "KeyError: 'x'")
    shown = json.loads(dead(servers, tmp_path, "show", "1", "--body", "page")[0])
    assert (shown["headers"]["Crimemaps-Slice-Id"], shown["body"], shown["bytes"]) == ("t7", None, 6)
    assert (tmp_path / "page").read_bytes() == packed
    assert json.loads(json.loads(dead(servers, tmp_path, "show", "2")[0])["body"])["version"] == 7


@pytest.mark.parametrize("action", ["replay", "drop"])
def test_without_yes_nothing_is_done(servers: dict[str, str], tmp_path: Path, action: str) -> None:
    bury(servers, "hexer-months", "KeyError: 'x'")
    out, said = dead(servers, tmp_path, action, "--queue", "hexer-months")
    assert out == "1 hexer-months: KeyError: 'x'\n"
    assert "1 messages would be" in said
    assert "add --yes" in said
    assert numbers(servers) == [1]
    assert stored(servers, FACTS) == []


def test_a_message_goes_back_to_its_subject_as_it_came(servers: dict[str, str], tmp_path: Path) -> None:
    bury(servers, "hexer-months", "KeyError: 'x'", Crimemaps_Trace="abc")
    bury(servers, "hexer-months", "KeyError: 'y'")
    assert (stored(servers, DEAD)[0].headers or {})["Nats-Expected-Stream"] == DEAD
    dead(servers, tmp_path, "replay", "1", "--yes")
    [message] = stored(servers, FACTS)
    assert (message.subject, message.data) == ("month.loaded", BODY)
    assert message.headers == {"Crimemaps-Trace": "abc", "Nats-Msg-Id": "replay/1"}
    assert numbers(servers) == [2]


def test_a_reason_in_letters_beyond_ascii_is_shown(servers: dict[str, str], tmp_path: Path) -> None:
    bury(servers, "hexer-months", "KeyError: 'Rhôs-on-Sea, Ynys Môn'")
    [shown] = json.loads(dead(servers, tmp_path, "list", "--reason", "ynys môn", "--json")[0])
    assert shown["reason"] == "KeyError: 'Rhôs-on-Sea, Ynys Môn'"
    dead(servers, tmp_path, "replay", "--queue", "hexer-months", "--yes")
    assert len(stored(servers, FACTS)) == 1


def test_what_somebody_else_has_removed_meanwhile_is_no_fault(servers: dict[str, str]) -> None:
    for reason in "abc":
        bury(servers, "hexer-months", reason)

    async def remove() -> None:
        async with open_queues(servers["NATS_URL"]) as queues:
            letters = DeadLetters(queues.jetstream)
            for number in (2, 3, 1):
                letter = await letters.get(number)
                await letters.drop(letter)
                await letters.drop(letter)

    asyncio.run(remove())
    assert numbers(servers) == []


def test_a_replay_that_was_stopped_before_its_end_is_done_once(servers: dict[str, str]) -> None:
    bury(servers, "hexer-months", "KeyError: 'x'")

    async def twice() -> None:
        async with open_queues(servers["NATS_URL"]) as queues:
            letters = DeadLetters(queues.jetstream)
            letter = await letters.get(1)
            await letters.replay(letter)
            await letters.replay(letter)  # as if the first had been stopped before it removed the letter

    asyncio.run(twice())
    assert len(stored(servers, FACTS)) == 1
    assert numbers(servers) == []


def test_all_of_a_queue_with_a_reason_are_dropped_and_no_others(
    servers: dict[str, str], tmp_path: Path
) -> None:
    for reason in ("KeyError: 'x'", "PermanentError: no", "KeyError: 'y'"):
        bury(servers, "hexer-months", reason)
    bury(servers, "loader-pages", "KeyError: 'z'")
    said = dead(servers, tmp_path, "drop", "--queue", "hexer-months", "--reason", "KeyError", "--yes")[1]
    assert "2 messages removed" in said
    assert numbers(servers) == [2, 4]
    assert stored(servers, FACTS) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", "--yes"], "say which: numbers, as `crimemaps dead list` shows them, or --queue"),
        (["drop", "1", "--queue", "loader-pages", "--yes"], "say which: numbers"),
        (["drop", "--queue", "pages", "--yes"], "no queue 'pages': valid are fetcher-orders"),
        (["show", "9"], "there is no dead letter 9: `crimemaps dead list` shows them"),
        (["replay", "9", "--yes"], "there is no dead letter 9"),
        (["list", "--limit", "0"], "--limit 0: at least 1"),
        (["show", "1", "--body", "/no/such/folder/page"], "cannot be written to /no/such/folder/page"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused(
    servers: dict[str, str], tmp_path: Path, arguments: list[str], said: str
) -> None:
    bury(servers, "hexer-months", "KeyError: 'x'")
    assert said in dead(servers, tmp_path, *arguments, code=2)[1]
    assert numbers(servers) == [1]
