"""Services' roles as logins of their own, as an operator has them."""

from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from shared.db import FETCHER, HEXER, LOADER, READER, REPORTER
from shared.migrate import migrate
from shared.role_logins import RolePasswords

ODD = """it's "secret"/{20%}@:\\ $1"""
VARIABLES = {
    FETCHER: "FETCHER_DB_PASSWORD",
    LOADER: "LOADER_DB_PASSWORD",
    HEXER: "HEXER_DB_PASSWORD",
    REPORTER: "REPORTER_DB_PASSWORD",
    READER: "GATEWAY_DB_PASSWORD",
}
PASSWORDS = {role: f"{ODD} of {role}" for role in VARIABLES}


def verifiers() -> dict[str, str]:
    """Of every role's password."""
    given = {VARIABLES[role].lower(): SecretStr(password) for role, password in PASSWORDS.items()}
    return RolePasswords(**given).verifiers()


def login_urls(database_url: str) -> dict[str, str]:
    """The same database for each role's own login."""
    parts = urlsplit(database_url)
    server = parts.netloc.rpartition("@")[2]
    return {
        role: parts._replace(netloc=f"{role}:{quote(password, safe='')}@{server}").geturl()
        for role, password in PASSWORDS.items()
    }


async def made_logins(database_url: str) -> dict[str, str]:
    """Let the roles log in; where they do."""
    await migrate(database_url, verifiers())
    return login_urls(database_url)


async def made_service_logins(database_url: str) -> dict[str, str]:
    """The same by the services' names."""
    urls = await made_logins(database_url)
    return {VARIABLES[role].partition("_")[0].lower(): url for role, url in urls.items()}
