"""Make the folders of front-end libraries anew: `python -m deploy.vendor.front_end`.

What goes where is in `front_end.json`; what came is described in each folder's `manifest.json`, with the
checksum that the npm registry gives of a package and SHA-256 of each file.
"""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

LIST = Path(__file__).with_name("front_end.json")
ROOT = Path(__file__).parents[2]


def main() -> None:
    """Fetch every package, check it, and take its files."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to fetch packages, and is not installed")
    for name, packages in json.loads(LIST.read_text(encoding="utf-8")).items():
        folder = ROOT / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        made = [take(npm, package, folder) for package in packages]
        manifest = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
        (folder / "manifest.json").write_text(manifest, encoding="utf-8")


def take(npm: str, package: dict[str, Any], folder: Path) -> dict[str, Any]:
    """One package: its entry in the manifest; its files are then in the folder."""
    packed, integrity = fetch(npm, f"{package['name']}@{package['version']}")
    sums = {}
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        for source, target in package["files"].items():
            member = files.extractfile(f"package/{source}")
            if member is None:
                sys.exit(f"{package['name']} has no file {source}")
            content = without_map(member.read())
            (folder / target).write_bytes(content)
            sums[target] = hashlib.sha256(content).hexdigest()
    return {**package, "integrity": integrity, "files": sums}


def without_map(content: bytes) -> bytes:
    """The file without the name of a source map, which is not shipped: browsers would ask for it."""
    return b"\n".join(line for line in content.split(b"\n") if not line.startswith(b"//# sourceMappingURL="))


def fetch(npm: str, name: str) -> tuple[bytes, str]:
    """A package as the registry packs it, and its checksum, which must be that of what came."""
    with tempfile.TemporaryDirectory() as folder:
        told = subprocess.run(
            [npm, "pack", name, "--json", "--pack-destination", folder],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        answer = json.loads(told.stdout)
        [entry] = answer if isinstance(answer, list) else answer.values()
        packed = (Path(folder) / entry["filename"]).read_bytes()
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
    if integrity != entry["integrity"]:
        sys.exit(f"{name}: {integrity} came, and the registry names {entry['integrity']}")
    return packed, integrity


if __name__ == "__main__":
    main()
