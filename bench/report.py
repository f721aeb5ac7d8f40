"""Results as JSON lines on standard output."""

import json
import os
import platform


def report(name: str, **figures: object) -> None:
    """Print one result; floats are rounded to what is meaningful."""
    print(json.dumps({"bench": name, **{key: rounded(value) for key, value in figures.items()}}), flush=True)


def report_machine() -> None:
    """What everything below was measured on."""
    report("machine", cores=os.cpu_count(), system=platform.system(), python=platform.python_version())


def rounded(value: object) -> object:
    """Floats to four significant digits."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return value
