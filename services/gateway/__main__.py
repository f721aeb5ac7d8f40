"""Run the gateway: `python -m services.gateway`."""

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.db import READER
from shared.service import run

if __name__ == "__main__":
    run("gateway", GatewaySettings, create_app, role=READER)
