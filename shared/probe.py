"""Ask the service in this container whether it is ready: `python -m shared.probe [PATH]`, for health checks.

Exit code 0: the answer was 200. Otherwise 1, with what was answered.
"""

import http.client
import os
import sys

HOST = "127.0.0.1"
PATIENCE = 5.0
"""Seconds; more than the checks of /readyz take together when a server is away."""


def probe(port: int, path: str) -> str | None:
    """Why the service is not ready; None if it is."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(2000).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"no answer on port {port}: {error}"
    finally:
        connection.close()
    return None if answer.status == http.client.OK else f"{answer.status} {body}"


if __name__ == "__main__":
    problem = probe(int(os.environ["HTTP_PORT"]), *(sys.argv[1:] or ["/readyz"]))
    if problem:
        sys.exit(problem)
