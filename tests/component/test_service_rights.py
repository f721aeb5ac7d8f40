"""What each service's role may do in the database, and what it may not."""

from urllib.parse import urlsplit

import asyncpg

from shared.db import FETCHER, HEXER, LOADER, READER, REPORTER
from tests.logins import made_logins
from tests.pipeline import connected

ROLES = (FETCHER, LOADER, HEXER, REPORTER, READER)
# SELECT, INSERT, UPDATE, DELETE, TRUNCATE by their first letters, small where they are for some columns only;
# O: it is the owner. A new table has no line here until somebody decides who may do what with it.
RIGHTS = """
table                   fetcher loader  hexer   reporter reader
api_key                 -       -       -       -       s
category                -       S       -       S       S
crime_outcome           s       O       S       -       S
current_version         S       SIU     S       S       S
download                -       -       SIUD    -       S
force                   SI      S       S       S       S
grid                    S       -       SIU     S       S
label                   -       SI      S       S       S
lsoa                    -       SI      -       -       S
map_point               -       -       SI      S       S
migration               S       S       S       S       S
outcome                 -       -       S       S       S
outcome_cube            -       -       SID     -       S
outcome_group           -       -       S       S       S
outcome_mapping         -       S       S       -       S
partner                 -       -       -       su      s
point_lsoa              -       SI      S       -       S
postcode                -       -       -       S       S
postcode_edition        -       -       -       S       S
reconciliation          -       SI      S       -       S
reconciliation_count    -       I       -       -       S
recorded_elsewhere      -       SIUD    S       -       S
release                 SI      -       -       -       S
report                  -       -       -       SIU     s
revision                -       SI      -       -       S
revision_count          -       I       -       -       S
run                     SIU     S       -       S       S
set_aside               -       SI      -       -       S
slice                   SIU     -       -       -       S
snap_point              S       SI      S       S       S
stop                    -       O       S       -       S
stop_cell               -       -       SID     -       S
stop_cube               -       -       SID     -       S
stop_point_count        -       -       SID     -       S
street_cell             -       -       SID     -       S
street_crime            s       O       S       -       S
street_cube             -       -       SID     -       S
street_mix              -       -       SID     S       S
street_point_count      -       -       SID     S       S
tiling                  SIU     -       -       -       S
verdict                 S       SI      -       S       S
version                 -       SI      S       S       S
version_count           S       SI      -       -       S
staging.outcomes        -       S       -       -       -
staging.page            -       SID     -       -       -
staging.stops           -       S       -       -       -
staging.street          -       S       -       -       -
"""
COLUMNS = {
    (FETCHER, "street_crime", "SELECT"): {"version_id", "snap_point_id"},
    (FETCHER, "crime_outcome", "SELECT"): {"version_id", "snap_point_id"},
    (REPORTER, "partner", "SELECT"): {"name", "secret", "last_turn"},
    (REPORTER, "partner", "UPDATE"): {"last_turn"},
    (READER, "partner", "SELECT"): {"name", "secret"},
    (READER, "api_key", "SELECT"): {
        "id", "sha256", "scopes", "reads_per_minute", "reports_per_minute", "revoked_at",
    },
    (READER, "report", "SELECT"): {
        "partner", "report_id", "state", "claimed_until", "ordered_at", "answered_at", "answer", "figures",
    },
}  # fmt: skip
"""Where a right is to some columns only: which."""
TABLES = """
SELECT
    c.oid, c.oid::regclass::text AS name, c.relowner::regrole::text AS owner, c.relkind::text,
    c.relispartition
FROM pg_class AS c
WHERE
    c.relnamespace IN ('public'::regnamespace, 'staging'::regnamespace)
    AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
FUNCTIONS = """
SELECT count(*)
FROM pg_proc AS p
WHERE
    p.pronamespace IN ('public'::regnamespace, 'staging'::regnamespace)
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
LETTERS = {"SELECT": "S", "INSERT": "I", "UPDATE": "U", "DELETE": "D", "TRUNCATE": "T"}


def expected() -> dict[str, dict[str, str]]:
    """The rights of the table above by relation and role."""
    _, *lines = (line.split() for line in RIGHTS.strip().splitlines())
    return {name: dict(zip(ROLES, rights, strict=True)) for name, *rights in lines}


async def rights(pool: asyncpg.Pool, role: str, table: asyncpg.Record) -> str:
    """What a role may do with a table, in the letters above."""
    if table["owner"] == role:
        return "O"
    found = ""
    for privilege, letter in LETTERS.items():
        if await pool.fetchval("SELECT has_table_privilege($1, $2::oid, $3)", role, table["oid"], privilege):
            found += letter
        elif privilege not in ("DELETE", "TRUNCATE") and await pool.fetchval(
            "SELECT has_any_column_privilege($1, $2::oid, $3)", role, table["oid"], privilege
        ):
            found += letter.lower()
    return found or "-"


async def test_every_role_has_the_rights_that_were_decided_and_no_other(pool: asyncpg.Pool) -> None:
    tables = [table for table in await pool.fetch(TABLES) if table["relkind"] != "S"]
    decided = expected()
    whole = [table for table in tables if not table["relispartition"]]
    assert {table["name"] for table in whole} == decided.keys()
    for table in whole:
        found = {role: await rights(pool, role, table) for role in ROLES}
        assert found == decided[table["name"]], table["name"]
        assert "T" not in "".join(found.values())


async def test_rights_to_some_columns_are_to_those_that_were_decided(pool: asyncpg.Pool) -> None:
    partial = {
        (role, table, privilege)
        for table, roles in expected().items()
        for role, letters in roles.items()
        for privilege, letter in LETTERS.items()
        if letter.lower() in letters
    }
    assert partial == COLUMNS.keys()
    for (role, table, privilege), columns in COLUMNS.items():
        rows = await pool.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 "
            "AND has_column_privilege($2, attrelid, attnum, $3)",
            table, role, privilege,
        )  # fmt: skip
        assert {row["attname"] for row in rows} == columns, (role, table, privilege)


async def test_partitions_are_changed_through_their_tables_only(pool: asyncpg.Pool) -> None:
    parts = [table for table in await pool.fetch(TABLES) if table["relispartition"]]
    assert parts
    for table in parts:
        assert {await rights(pool, role, table) for role in (FETCHER, LOADER, HEXER, REPORTER)} == {"-"}
        assert await rights(pool, READER, table) == "S"


async def test_only_the_loader_draws_numbers_and_makes_tables(pool: asyncpg.Pool) -> None:
    for sequence in [table for table in await pool.fetch(TABLES) if table["relkind"] == "S"]:
        for role in ROLES:
            may = await pool.fetchval(
                "SELECT has_sequence_privilege($1, $2::oid, 'USAGE, SELECT, UPDATE')", role, sequence["oid"]
            )
            assert may == ((role, sequence["name"]) == (LOADER, "version_id_seq")), sequence["name"]
    for schema, may_use in (("public", set(ROLES)), ("staging", {LOADER})):
        for right, allowed in (("USAGE", may_use), ("CREATE", {LOADER})):
            statement = "SELECT has_schema_privilege($1, $2, $3)"
            assert {role for role in ROLES if await pool.fetchval(statement, role, schema, right)} == allowed
    assert await pool.fetchval(FUNCTIONS) == 0


async def test_no_role_is_more_than_it_says(pool: asyncpg.Pool) -> None:
    for role in ROLES:
        powers = await pool.fetchrow(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS any, "
            "EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) AS is_member "
            "FROM pg_roles AS r WHERE rolname = $1",
            role,
        )
        assert powers is not None
        assert tuple(powers) == (False, False), role
        assert await pool.fetchval("SELECT pg_has_role($1, 'USAGE')", role), "the owner may still do all"


FORBIDDEN = {
    FETCHER: (
        "SELECT content_hash FROM street_crime",
        "SELECT * FROM street_cell",
        "DELETE FROM run",
        "INSERT INTO version (dataset, month) VALUES ('street', '2018-10-01')",
        "SELECT * FROM report",
    ),
    LOADER: (
        "SELECT sha256 FROM api_key",
        "SELECT secret FROM partner",
        "SELECT * FROM report",
        "DELETE FROM street_cell",
        "DELETE FROM version",
        "UPDATE run SET state = 'failed'",
        "DROP TABLE snap_point",
        "DROP TABLE staging.page",
        "TRUNCATE grid",
    ),
    HEXER: (
        "DELETE FROM street_crime",
        "TRUNCATE stop",
        "DROP TABLE crime_outcome",
        "UPDATE version SET stored = 0",
        "UPDATE current_version SET version_id = 1",
        "DELETE FROM run",
        "INSERT INTO postcode (postcode) VALUES ('EC2M 7PY')",
        "SELECT * FROM report",
        "SELECT id FROM api_key",
        "CREATE TABLE mine (id integer)",
    ),
    REPORTER: (
        "SELECT * FROM street_crime",
        "DELETE FROM report",
        "UPDATE partner SET secret = gen_random_uuid()",
        "INSERT INTO partner (name) VALUES ('mine')",
        "SELECT id FROM api_key",
        "DELETE FROM postcode",
        "UPDATE grid SET version_id = 0",
    ),
    READER: (
        "SELECT name FROM api_key",
        "UPDATE api_key SET revoked_at = NULL",
        "SELECT body FROM report",
        "INSERT INTO label (kind) VALUES ('category')",
        "UPDATE grid SET version_id = 0",
        "DELETE FROM street_crime",
        "TRUNCATE street_cube",
        "CREATE TABLE mine (id integer)",
        "CREATE SCHEMA mine",
        "SELECT * FROM staging.page",
        "SELECT nextval('version_id_seq')",
    ),
}
"""What a service must not be able to do, whatever runs in its process."""


async def allowed(login: asyncpg.Pool, *statements: str) -> list[str]:
    """Those of the statements that are not refused for want of a right."""
    found = []
    for statement in statements:
        try:
            await login.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            continue
        found.append(statement)
    return found


async def test_real_logins_are_refused_and_cannot_become_anybody_else(database_url: str) -> None:
    owner = urlsplit(database_url).username
    for role, url in (await made_logins(database_url)).items():
        others = [f"SET ROLE {other}" for other in (owner, *ROLES) if other != role]
        async with connected(url, 1, role=role) as login:
            for way_out in ("RESET ROLE", "SET ROLE NONE", "RESET SESSION AUTHORIZATION"):
                await login.execute(way_out)
                assert await login.fetchval("SELECT current_user::text") == role
                assert await allowed(login, *others, f"SET SESSION AUTHORIZATION {owner}") == []
                assert await allowed(login, *FORBIDDEN[role]) == [], role


async def test_the_owner_that_takes_a_role_is_as_restricted_until_it_gives_it_up(database_url: str) -> None:
    async with connected(database_url, 1, role=READER) as pool:
        await pool.execute("RESET ROLE")
        assert await allowed(pool, "DELETE FROM street_crime") == []
        await pool.execute("SET ROLE NONE")
        assert await allowed(pool, "DELETE FROM street_crime") == ["DELETE FROM street_crime"]
