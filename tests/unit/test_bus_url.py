"""What is read from `NATS_URL`, and what is said of one that cannot be read."""

import ssl
from pathlib import Path

import pytest

from shared.bus_url import VALID, read_bus_url
from shared.errors import RequestError


@pytest.mark.parametrize(
    ("text", "server", "inbox"),
    [
        ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222", "_INBOX"),
        ("nats://nats", "nats://nats", "_INBOX"),
        ("nats://LOADER:secret@nats:4222", "nats://nats:4222", "_INBOX.LOADER"),
        ("nats://LOADER:secret@nats:4222/", "nats://nats:4222", "_INBOX.LOADER"),
        ("nats://LOADER:secret@[::1]:4222", "nats://[::1]:4222", "_INBOX.LOADER"),
        ("nats://a.*.b:secret@nats:4222", "nats://nats:4222", "_INBOX"),
    ],
)
def test_an_address_without_tls(text: str, server: str, inbox: str) -> None:
    url = read_bus_url(text)
    assert (url.server, url.tls, url.inbox_prefix) == (server, None, inbox)
    assert "secret" not in repr(url)


def test_without_an_authority_those_of_the_system_are_trusted() -> None:
    url = read_bus_url("tls://LOADER:secret@nats:4222")
    assert (url.server, url.inbox_prefix) == ("tls://nats:4222", "_INBOX.LOADER")
    assert url.tls is not None
    assert url.tls.get_ca_certs() == ssl.create_default_context().get_ca_certs()
    assert (url.tls.verify_mode, url.tls.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_user_and_password_are_read_as_they_were_before_they_were_put_there() -> None:
    url = read_bus_url("nats://LOADER:p%40ss@nats:4222")
    assert (url.user, url.password, url.server) == ("LOADER", "p@ss", "nats://nats:4222")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nats:4222",
        "LOADER:secret@nats:4222",
        "ws://LOADER:secret@nats:4222",
        "nats://secret@nats:4222",
        "nats://LOADER:@nats:4222",
        "nats://LOADER:secret@",
        "nats://LOADER:secret@nats:port",
        "nats://LOADER:secret@nats:99999",
        "nats://LOADER:secret@[::1",
        "nats://LOADER:secret@one:4222,nats://LOADER:secret@two:4222",
        "nats://LOADER:sec/secret@nats:4222",
        "nats://LOADER:sec?secret@nats:4222",
        "nats://LOADER:sec#secret@nats:4222",
        "nats://LOADER:secret@nats:4222/path",
        "nats://LOADER:secret@nats:4222?ca=ca.crt",
        "tls://LOADER:secret@nats:4222?cafile=ca.crt",
        "tls://LOADER:secret@nats:4222?ca=ca.crt&ca=other.crt",
        "tls://LOADER:secret@nats:4222?ca",
    ],
)
def test_of_a_wrong_address_nothing_is_told_but_what_is_valid(text: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_bus_url(text)
    assert str(refused.value) == VALID


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.crt"
    empty.touch()
    for path, problem in (
        (tmp_path / "away.crt", "cannot be read (No such file or directory)"),
        (tmp_path, "cannot be read (Is a directory)"),
        (empty, "holds no certificate"),
    ):
        with pytest.raises(RequestError) as refused:
            read_bus_url(f"tls://LOADER:secret@nats:4222?ca={path}")
        assert str(refused.value) == (
            f"NATS_URL: ca={path} {problem}: valid is a file with a certificate as PEM"
        )
    with pytest.raises(RequestError, match="ca= cannot be read"):
        read_bus_url("tls://LOADER:secret@nats:4222?ca=")
