"""The main job on real data, as a user starts it: the demo, once and serving."""

import csv
import io
import json
import lzma
import re
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from pypdf import PdfReader

from deploy.local.process import is_gone
from tests.crimemaps import ROOT, crimemaps, poll, start

SAMPLE = ROOT / "deploy" / "local" / "sample" / "police"
KINDS = {"street": "street", "outcomes": "outcomes", "stops": "stop-and-search"}
MONTHS = ("2018-12", "2019-01", "2022-01")
START_SECONDS = 120.0
STOP_SECONDS = 90.0


def rows(kind: str, month: str) -> list[dict[str, str]]:
    """The rows of the sample's CSV files."""
    texts = (
        lzma.decompress(path.read_bytes()).decode("utf-8-sig")
        for path in sorted(SAMPLE.glob(f"{month}/*-{kind}.csv.xz"))
    )
    return [row for text in texts for row in csv.DictReader(io.StringIO(text, newline=""))]


def expected(dataset: str) -> dict[str, int]:
    """Rows by month. The API serves outcomes by area: those without a location cannot be asked for."""
    counts = {
        month: sum(1 for row in rows(KINDS[dataset], month) if dataset != "outcomes" or row["Latitude"])
        for month in MONTHS
    }
    return {month: count for month, count in counts.items() if count}


@contextmanager
def family(process: subprocess.Popen[str]) -> Iterator[set[psutil.Process]]:
    """All children of a process that were ever seen; whatever of them is left at the end is ended."""
    seen: set[psutil.Process] = set()
    try:
        yield seen
    finally:
        if process.poll() is None:
            look(process, seen)
            process.kill()
            process.wait()
        for child in seen:
            if not is_gone(child):
                child.kill()


def look(process: subprocess.Popen[str], seen: set[psutil.Process]) -> bool:
    """Add the children of now; whether the process has ended."""
    try:
        seen |= set(psutil.Process(process.pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return True
    return process.poll() is not None


def test_the_demo_once_loads_exactly_what_the_csv_files_have_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    summary_file, output = tmp_path / "summary.json", tmp_path / "output"
    arguments = ["demo", "--once", "--json", str(summary_file), "--port", "0", "--months", ",".join(MONTHS)]
    process = start(arguments, tmp_path, {}, output=output)
    with family(process) as seen:
        poll(lambda: look(process, seen), "the demo ends", START_SECONDS)
        assert process.returncode == 0, output.read_text()
        assert [child for child in seen if not is_gone(child)] == []
    names = {"postgres", "nats-server", "fetcher", "loader", "hexer", "gateway", "reporter"}
    assert len(seen) > len(names)
    assert not list(Path(tempfile.gettempdir()).glob(f"crimemaps-{process.pid}-*"))
    check_summary(json.loads(summary_file.read_text()))
    assert "demo-report.pdf" in output.read_text()
    first_page = PdfReader(tmp_path / ".var" / "demo-report.pdf").pages[0].extract_text()
    assert "Neighbourhood report" in first_page


def check_summary(summary: dict[str, Any]) -> None:
    """Against the CSV files."""
    assert {dataset: expected(dataset) for dataset in KINDS} == summary["records"]
    assert summary["rejected"] == []
    assert summary["set_aside_reasons"] == {}
    for dataset, months in summary["dropped"].items():
        for dropped in months.values():
            assert (dropped["set_aside"], dropped["out_of_scope"]) == (0, 0), dataset
    assert {"start_servers", "fetch", "load", "grid", "total"} <= set(summary["seconds"])
    for dataset in ("street", "stops"):
        places = {
            (row["Longitude"], row["Latitude"])
            for month in MONTHS
            for row in rows(KINDS[dataset], month)
            if row["Longitude"]
        }
        cells = summary["cells"][dataset]
        assert list(cells) == ["275", "1100", "4400", "17600"]
        assert 1 <= cells["17600"] < cells["4400"] < cells["1100"] < cells["275"] < len(places)
    checksums = [checksum for months in summary["checksums"].values() for checksum in months.values()]
    assert len(set(checksums)) == sum(len(months) for months in summary["records"].values())


def test_a_serving_demo_is_found_by_other_commands_revives_its_services_and_ends_with_ctrl_c(
    tmp_path: Path,
) -> None:
    output = tmp_path / "output"
    process = start(["demo", "--port", "0", "--months", "2019-01"], tmp_path, {}, output=output)
    with family(process) as seen:
        poll(
            lambda: look(process, seen) or "serving until Ctrl-C" in output.read_text(),
            "it serves",
            START_SECONDS,
        )
        assert process.poll() is None, output.read_text()
        for url in re.findall(r"http://127\.0\.0\.1:\d+\S+", output.read_text()):
            with urllib.request.urlopen(url, timeout=10) as answer:
                assert answer.status == 200, url

        alive = (child for child in seen if child.is_running())
        loader, other = (child for child in alive if "services.loader" in child.cmdline())
        loader.kill()
        assert other.is_running()
        again = re.compile(r"loader(-2)? ended with -9: started again")
        poll(lambda: bool(again.search(output.read_text())), "the loader is back")
        done = crimemaps("ingest", "--months", "2019-02", "--wait", "--json", cwd=tmp_path, timeout=120)
        assert done.returncode == 0, done
        loaded = {one["dataset"]: one["records"] for one in json.loads(done.stdout)["runs"]}
        assert loaded["street"] == len(rows("street", "2019-02"))
        assert loaded["stops"] == len(rows("stop-and-search", "2019-02"))
        proof = crimemaps("proof", cwd=tmp_path)
        assert (proof.returncode, proof.stdout.count("yes")) == (0, 5), proof

        look(process, seen)
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_SECONDS) == 0
        assert [child for child in seen if not is_gone(child)] == []
    assert "Traceback" not in output.read_text()
    assert "no servers" in crimemaps("status", cwd=tmp_path).stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_demo_starts_leaves_no_process(number: signal.Signals, tmp_path: Path) -> None:
    output = tmp_path / "output"
    process = start(["demo", "--once", "--port", "0", "--months", "2019-01"], tmp_path, {}, output=output)
    with family(process) as seen:
        poll(lambda: look(process, seen) or "starting fetcher" in output.read_text(), "services start")
        process.send_signal(number)
        poll(lambda: look(process, seen), "it ends", STOP_SECONDS)
        assert process.returncode == 130, output.read_text()
        assert [child for child in seen if not is_gone(child)] == []
