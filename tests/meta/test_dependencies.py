"""What is installed is locked by hash, and licensed so that it may be passed on."""

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.txt"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]+\])?==([^ ;]+)(?: ;[^\\]*)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")

ALLOWED = {
    "0BSD", "2-Clause BSD", "3-Clause BSD", "Apache", "Apache 2", "Apache Software", "Apache-2.0", "BSD",
    "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
    "Mozilla Public License 1.1 (MPL 1.1)", "Mozilla Public License 2.0 (MPL 2.0)", "PSF-2.0", "PSFL",
    "Python Software Foundation", "Zlib",
}  # fmt: skip
"""Licences that ask for no more than to be named, and Mozilla's, which asks for changes to its own files."""


def pins(lock: Path) -> dict[str, str]:
    """The versions of a lock, by name; extras belong to the same package."""
    found = map(PIN.match, lock.read_text(encoding="utf-8").splitlines())
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_requirement_has_one_version_and_its_hashes(lock: Path) -> None:
    lines = [
        line for line in lock.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")
    ]
    assert [line for line in lines if not (PIN.match(line) or HASH.match(line))] == []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        assert HASH.match(following) or not line.endswith("\\"), line


def test_what_is_tested_is_what_the_image_has() -> None:
    tested = pins(REQUIREMENTS / "dev.txt")
    assert {name: tested.get(name) for name in pins(REQUIREMENTS / "runtime.txt")} == pins(
        REQUIREMENTS / "runtime.txt"
    )


@pytest.mark.parametrize("name", sorted(pins(REQUIREMENTS / "runtime.txt")))
def test_what_the_image_has_may_be_passed_on(name: str) -> None:
    assert any(is_allowed(licence) for licence in licences(name)), licences(name)


def licences(name: str) -> set[str]:
    """What a package says of its licence, in any of the three ways. Where it has several, one may choose."""
    metadata = distribution(name).metadata.json
    if expression := metadata.get("license_expression"):
        return set(str(expression).split(" OR "))
    classifiers = [line for line in metadata.get("classifier", []) if line.startswith("License ::")]
    text = str(metadata.get("license", ""))
    return {line.rpartition(" :: ")[2] for line in classifiers} | set(text.partition("\n")[0].split(" OR "))


def is_allowed(licence: str) -> bool:
    """Whether all parts of it are."""
    parts = licence.split(" AND ")
    return all(re.sub(r" licen[sc]e$", "", part, flags=re.IGNORECASE) in ALLOWED for part in parts)


def test_a_licence_that_binds_all_else_would_be_noticed() -> None:
    assert not any(map(is_allowed, ("AGPL-3.0-only", "GNU General Public License v3 (GPLv3)", "", "UNKNOWN")))
    assert not is_allowed("MIT AND GPL-3.0-or-later")
