"""`python -m bench --data FOLDER`: FOLDER holds police_csv/YYYY-MM.tar.xz with national months."""

import argparse
import sys
from datetime import date
from pathlib import Path

from bench.backfill import bench_backfill
from bench.chaos import bench_chaos
from bench.clients import bench_clients
from bench.failover import bench_failover
from bench.grids import bench_grids
from bench.history import bench_history
from bench.intake import bench_intake
from bench.load import bench_load
from bench.national_month import national_month
from bench.report import report_machine
from bench.reports import bench_reports
from bench.requests import bench_rate, bench_requests
from bench.search import bench_search
from bench.statistics import bench_statistics
from bench.tiles import bench_tiles
from shared.model import parse_month

MONTH, OTHER_MONTH = date(2018, 11, 1), date(2018, 12, 1)
WITH_A_MONTH = {
    "load": bench_load,
    "grids": bench_grids,
    "reports": bench_reports,
    "statistics": bench_statistics,
    "tiles": bench_tiles,
    "search": bench_search,
    "clients": bench_clients,
}
"""Each takes a national month's pages, the month, and how often it is repeated."""
NAMES = (*WITH_A_MONTH, "backfill", "intake", "requests", "rate", "history", "chaos", "failover")


def main() -> None:
    """Run the chosen measurements one after the other."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", choices=NAMES, action="append")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--months", type=int, default=60, help="history: how many; 6 to try it")
    parser.add_argument("--seconds", type=float, default=600, help="chaos: how long processes are killed")
    parser.add_argument("--seed", type=int, default=1, help="chaos: what is killed and ordered, and when")
    options = parser.parse_args()
    archives = {
        parse_month(path.name[:7]): path for path in (options.data / "police_csv").glob("20??-??.tar.xz")
    }
    missing = [month for month in (MONTH, OTHER_MONTH) if month not in archives]
    if missing:
        sys.exit(f"no {missing[0]:%Y-%m}.tar.xz in {options.data / 'police_csv'}")
    chosen = options.only or NAMES
    report_machine()
    if WITH_A_MONTH.keys() & set(chosen):
        pages = national_month(archives[MONTH])
        for name, measure in WITH_A_MONTH.items():
            if name in chosen:
                measure(pages, MONTH, options.repeats)
    if "backfill" in chosen:
        bench_backfill(archives, MONTH, options.repeats)
    if "intake" in chosen:
        bench_intake()
    if "requests" in chosen:
        bench_requests(archives, OTHER_MONTH, MONTH)
    if "rate" in chosen:
        bench_rate(archives, MONTH)
    if "history" in chosen:
        bench_history(archives, options.months)
    if "chaos" in chosen:
        bench_chaos(options.seconds, options.seed)
    if "failover" in chosen:
        bench_failover(options.repeats)


if __name__ == "__main__":
    main()
