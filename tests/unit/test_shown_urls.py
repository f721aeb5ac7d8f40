"""Connection URLs as they are shown: in no form with a password."""

import pytest

from shared.db import without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://loader:secret@db:5432/crimemaps", "postgresql://loader@db:5432/crimemaps"),
        ("postgresql://loader:s:ecret@secret@db/crimemaps", "postgresql://loader@db/crimemaps"),
        ("postgresql://loader@db/crimemaps", "postgresql://loader@db/crimemaps"),
        ("postgresql://db/crimemaps?user=loader&password=secret", "postgresql://db/crimemaps"),
        ("postgresql://a:secret@db/crimemaps?sslmode=verify-full", "postgresql://a@db/crimemaps"),
        ("postgresql://db/crimemaps?password=secret@secret", "postgresql://…"),
        ("postgresql://loader:5/secret@db:5432/crimemaps", "postgresql://…"),
        ("nats://LOADER:sec?secret@nats:4222", "nats://…"),
        ("tls://LOADER:secret@nats:4222?ca=/certs/ca.crt", "tls://LOADER@nats:4222"),
        ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
        ("redis://:secret@cache:6379/0", "redis://@cache:6379/0"),
        ("rediss://:secret@cache:6379/0?ssl_ca_certs=/ca.crt", "rediss://@cache:6379/0"),
        ("unix://:secret@/run/cache.sock?db=0", "unix://@/run/cache.sock"),
        ("loader:secret@db:5432", "…"),
        ("", "…"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
