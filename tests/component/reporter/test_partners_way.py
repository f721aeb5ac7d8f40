"""The whole way as partners and people go it: the quick-start and the command, against a real reporter."""

import asyncio
import csv
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.component.reporter.desk import Desk, open_desk, reporter
from tests.pipeline import running

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def desk(database_url: str, nats_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(database_url, nats_url) as desk, running(reporter(tmp_path, database_url, nats_url)):
        yield desk


async def run(*command: object, cwd: Path, **environ: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=cwd,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode or 0, out.decode(), err.decode()


async def crimemaps(*arguments: object, cwd: Path, database_url: str, nats_url: str) -> tuple[int, str, str]:
    return await run(
        sys.executable, "-m", "services.console", *arguments, cwd=cwd,
        DATABASE_URL=database_url, NATS_URL=nats_url, PYTHONPATH=str(ROOT),
    )  # fmt: skip


async def quick_start(
    order: str, postcode: str, folder: Path, nats_url: str, domain: str = ""
) -> tuple[int, str, str]:
    program = ROOT / "docs" / "partner_quickstart.py"
    servers = {"NATS_URL": nats_url, "PARTNER": "acme", "NATS_DOMAIN": domain}
    return await run(sys.executable, program, order, postcode, cwd=folder, **servers)


async def test_the_quick_start_orders_and_saves_a_report(desk: Desk, nats_url: str, tmp_path: Path) -> None:
    await desk.partner("acme")
    code, out, err = await quick_start("2024-1", "EC2M 7PY", tmp_path, nats_url)
    assert (code, err) == (0, "")
    row = await desk.pool.fetchrow("SELECT report_id, answer FROM report")
    assert row is not None
    assert str(row["report_id"]) in out
    pdf = await asyncio.to_thread((tmp_path / "2024-1.pdf").read_bytes)
    assert hashlib.sha256(pdf).hexdigest() in row["answer"]
    code, _, err = await quick_start("2024-2", "SW1A", tmp_path, nats_url)
    assert code == 1
    assert err.startswith("postcode-malformed: ")
    code, _, err = await quick_start("no id", "EC2M 7PY", tmp_path, nats_url)
    assert code == 1
    assert err.startswith("invalid-order: id: ")
    code, _, err = await quick_start("2024-3", "EC2M 7PY", tmp_path, nats_url, domain="elsewhere")
    assert code == 1
    assert "NATS_DOMAIN right?" in err
    assert "Traceback" not in err


async def test_the_command_saves_a_report_and_a_batch_says_what_became_of_each_line(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    servers = {"database_url": database_url, "nats_url": nats_url}
    code, out, err = await crimemaps("report", "ec2m7py", "-o", "one.pdf", cwd=tmp_path, **servers)
    assert code == 0, err
    assert out.startswith("one.pdf: ")
    assert await asyncio.to_thread((tmp_path / "one.pdf").read_bytes) != b""
    batch = tmp_path / "orders.csv"
    await asyncio.to_thread(
        batch.write_text,
        "postcode,tier\nEC2M 7PY,essential\nEC2V 5AA,Premium\nM1 1AE,standard\nSW1A,standard\n",
    )
    code, out, err = await crimemaps("report", "--batch", batch, cwd=tmp_path, **servers)
    assert (code, out) == (1, "results.csv: 2 of 4 rendered\n"), err
    text = await asyncio.to_thread((tmp_path / "results.csv").read_text)
    rows = list(csv.DictReader(text.splitlines()))
    assert [(row["postcode"], row["state"], row["code"]) for row in rows] == [
        ("EC2M 7PY", "rendered", ""),
        ("EC2V 5AA", "rendered", ""),
        ("M1 1AE", "failed", "force-not-published"),
        ("SW1A", "failed", "postcode-malformed"),
    ]
    for row in rows[:2]:
        pdf = await asyncio.to_thread((tmp_path / row["file"]).read_bytes)
        assert pdf.startswith(b"%PDF-")
    assert rows[0]["figures_sha256"] != rows[1]["figures_sha256"]


BATCHES = {
    "twice.csv": (
        "id,postcode,tier\na,EC2M 7PY,standard\na,EC2M 7PY,premium\n",
        "line 3: id 'a' is that of line 2: each order has its own, or none",
    ),
    "bad.csv": (
        "id,postcode,tier\na b,EC2M 7PY,standard\n,EC2M 7PY,gold\n,EC2M 7PY,standard,x\n",
        "line 2: no id 'a b': valid are 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit; "
        "line 3: no tier 'gold': valid are essential, professional, standard, premium; "
        "line 4: more values than columns",
    ),
    "head.csv": ("Postcode;Tier\nEC2M 7PY;standard\n", "columns postcode, tier, and orders below; its first"),
}


async def test_a_batch_with_wrong_lines_is_refused_whole_with_all_of_them(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    servers = {"database_url": database_url, "nats_url": nats_url}
    for name, (text, says) in BATCHES.items():
        await asyncio.to_thread((tmp_path / name).write_text, text)
        code, _, err = await crimemaps("report", "--batch", name, cwd=tmp_path, **servers)
        assert (code, err.count("\n")) == (2, 1), err
        assert says in err
    await asyncio.to_thread((tmp_path / "good.csv").write_text, "postcode,tier\nEC2M 7PY,standard\n")
    for option, place in (("--into", "good.csv"), ("--results", "no/such/results.csv")):
        code, _, err = await crimemaps(
            "report", "--batch", "good.csv", option, place, cwd=tmp_path, **servers
        )
        assert (code, err.count("\n")) == (2, 1), err
        assert "nothing was ordered: [Errno" in err
    assert await desk.bus.messages("report.requested.console") == []


BAD: list[tuple[tuple[str, ...], str]] = [
    (("report",), "give either a postcode"),
    (("report", "EC2M 7PY", "--tier", "gold"), "valid are essential, professional, standard, premium"),
    (("report", "SW1A"), "whole postcode"),
    (("report", "EC2M 7PY", "-o", "no/such/folder.pdf"), "there is no folder no/such"),
    (("report", "EC2M 7PY", "-o", "."), ". is a folder"),
    (("report", "--batch", "missing.csv"), "missing.csv cannot be read"),
    (("report", "EH1 1YZ"), "Scotland"),
]


async def test_bad_input_of_the_command_is_told_in_one_line(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    for arguments, says in BAD:
        code, _, err = await crimemaps(*arguments, cwd=tmp_path, database_url=database_url, nats_url=nats_url)
        assert code == 2, arguments
        assert says in err.splitlines()[-1]
        assert "Traceback" not in err
