"""Run the reporter: `python -m services.reporter`."""

from services.reporter.app import create_app
from services.reporter.settings import ReporterSettings
from shared.db import REPORTER
from shared.service import run

if __name__ == "__main__":
    run("reporter", ReporterSettings, create_app, role=REPORTER)
