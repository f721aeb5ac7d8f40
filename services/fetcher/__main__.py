"""Run the fetcher: `python -m services.fetcher`."""

from services.fetcher.app import create_app
from services.fetcher.settings import FetcherSettings
from shared.db import FETCHER
from shared.service import run

if __name__ == "__main__":
    run("fetcher", FetcherSettings, create_app, role=FETCHER)
