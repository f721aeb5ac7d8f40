"""Services log in as their roles: migrations make these without a password, this gives them one."""

from collections.abc import Mapping
from pathlib import Path

import asyncpg
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.db import FETCHER, HEXER, LOADER, READER, REPORTER, read_sql
from shared.errors import PermanentError
from shared.logs import get_logger
from shared.scram import verifier

Connection = asyncpg.Pool | asyncpg.pool.PoolConnectionProxy

log = get_logger()


class RolePasswords(BaseSettings):
    """Passwords for the roles of services. A role without one stays as it is."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    fetcher_db_password: SecretStr | None = Field(default=None, description=f"Password of `{FETCHER}`")
    loader_db_password: SecretStr | None = Field(default=None, description=f"Password of `{LOADER}`")
    hexer_db_password: SecretStr | None = Field(default=None, description=f"Password of `{HEXER}`")
    reporter_db_password: SecretStr | None = Field(default=None, description=f"Password of `{REPORTER}`")
    gateway_db_password: SecretStr | None = Field(default=None, description=f"Password of `{READER}`")

    def verifiers(self) -> dict[str, str]:
        """What the server is to keep, by role.

        Raises:
            PermanentError: a password that it cannot take; the text does not show it.
        """
        given = {
            FETCHER: self.fetcher_db_password,
            LOADER: self.loader_db_password,
            HEXER: self.hexer_db_password,
            REPORTER: self.reporter_db_password,
            READER: self.gateway_db_password,
        }
        return {
            role: verifier_of(role, password.get_secret_value())
            for role, password in given.items()
            if password is not None
        }


def verifier_of(role: str, password: str) -> str:
    """The verifier of a role's password; a refusal names the role."""
    try:
        return verifier(password)
    except ValueError as problem:
        raise PermanentError(f"the password of {role} will not do: {problem}") from problem


async def make_logins(connection: Connection, verifiers: Mapping[str, str]) -> None:
    """Let roles log in, with these verifiers of their passwords.

    A role that an administrator made a login, and that is not ours to change, stays as it is.

    Raises:
        PermanentError: a role cannot log in and is not ours to change; the text says what an administrator
            must run.
    """
    for role, kept in verifiers.items():
        statement = sql("make_login").format(role=role, verifier=kept)
        try:
            await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError as error:
            if not await connection.fetchval(sql("select_is_login"), role):
                raise PermanentError(
                    f"{role} is not this login's to change: an administrator must run "
                    f"ALTER ROLE {role} LOGIN PASSWORD '...'"
                ) from error
            log.warning("role.kept", role=role, reason="an administrator made it a login")


def sql(name: str) -> str:
    """The statement in `sql/name.sql`."""
    return read_sql(Path(__file__).parent, name)
