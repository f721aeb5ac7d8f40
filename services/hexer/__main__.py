"""Run the hexer: `python -m services.hexer`."""

from services.hexer.app import create_app
from services.hexer.settings import HexerSettings
from shared.db import HEXER
from shared.service import run

if __name__ == "__main__":
    run("hexer", HexerSettings, create_app, role=HEXER)
