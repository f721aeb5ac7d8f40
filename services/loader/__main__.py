"""Run the loader: `python -m services.loader`."""

from services.loader.app import create_app
from services.loader.settings import LoaderSettings
from shared.db import LOADER
from shared.service import run

if __name__ == "__main__":
    run("loader", LoaderSettings, create_app, role=LOADER)
