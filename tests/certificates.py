"""Certificates of authorities that nobody else trusts."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """A server's certificate and key, and the authority that issued it, as PEM files."""

    authority: Path
    certificate: Path
    key: Path


def issue(folder: Path, *names: str) -> Certificates:
    """Files in a new folder: for a server of these names, by an authority of its own."""
    folder.mkdir()
    issued = Certificates(folder / "ca.crt", folder / "tls.crt", folder / "tls.key")
    authority = trustme.CA()
    server = authority.issue_cert(*names)
    authority.cert_pem.write_to_path(str(issued.authority))
    server.cert_chain_pems[0].write_to_path(str(issued.certificate))
    server.private_key_pem.write_to_path(str(issued.key))
    issued.key.chmod(0o600)
    return issued
