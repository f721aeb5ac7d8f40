"""`crimemaps postcodes load`: published layouts, what is left out, refusals, and readers meanwhile."""

import asyncio
import csv
import gzip
import lzma
from collections.abc import AsyncIterator, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import asyncpg
import pytest

from deploy.local.police_api.archive import DEFAULT_SAMPLE
from services.console.postcode_files import PostcodeFile
from services.console.postcodes import replace_postcodes
from shared.db import open_pool
from shared.errors import RequestError
from shared.postcode_store import PostcodeStore
from tests.crimemaps import crimemaps

SAMPLE = DEFAULT_SAMPLE / "postcodes.csv.xz"

ONSPD_2024 = """\
pcd,pcd2,pcds,dointr,doterm,oscty,ced,oslaua,osward,parish,usertype,oseast1m,osnrth1m,osgrdind,oshlthau,nhser,\
ctry,rgn,streg,pcon,eer,teclec,ttwa,pct,itl,statsward,oa01,casward,npark,lsoa01,msoa01,ur01ind,oac01,oa11,lsoa11,\
msoa11,wz11,sicbl,bua24,ru11ind,oac11,lat,long,lep1,lep2,pfa,imd,calncv,icb,oa21,lsoa21,msoa21
"""
ONSPD_2025 = """\
pcd7,pcd8,pcds,dointr,doterm,cty25cd,ced25cd,lad25cd,wd25cd,parncp25cd,usrtypind,east1m,north1m,gridind,hlth19cd,\
nhser24cd,ctry25cd,rgn25cd,lat,long,pfa23cd
"""
NSPL_2024 = """\
pcd,pcd2,pcds,dointr,doterm,usertype,oseast1m,osnrth1m,osgrdind,oa21,cty,ced,laua,ward,nhser,ctry,rgn,pcon,ttwa,\
itl,park,lsoa21,msoa21,wz11,sicbl,bua22,ru11ind,oac11,lat,long,lep1,lep2,pfa,imd,icb
"""
ONS_ROWS = [
    ("EC2M7PY", "EC2M 7PY", "198001", "", "E92000001", "51.519060", "-0.081380"),
    ("CF101AA", "CF10 1AA", "200106", "", "W92000004", "51.475800", "-3.179100"),
    ("AB1 0AA", "AB1 0AA", "198001", "199606", "S92000003", "57.101474", "-2.242851"),
    ("BT1 1AA", "BT1 1AA", "198001", "", "N92000002", "54.602000", "-5.926000"),
    ("GY1 1AA", "GY1 1AA", "198001", "", "L93000001", "99.999999", "0.000000"),
    ("IM1 1AA", "IM1 1AA", "198001", "", "M83000003", "99.999999", "0.000000"),
    ("E1W 1UU", "E1W 1UU", "198001", "200712", "E92000001", "51.508774", "-0.051135"),
    ("EC1A1AA", "EC1A 1AA", "202401", "", "E92000001", "99.999999", "0.000000"),
]
ONS_LOADED = {
    ("EC2M 7PY", 51519060, -81380, "E", None),
    ("CF10 1AA", 51475800, -3179100, "W", None),
    ("AB1 0AA", 57101474, -2242851, "S", date(1996, 6, 1)),
    ("BT1 1AA", 54602000, -5926000, "N", None),
    ("GY1 1AA", None, None, "L", None),
    ("IM1 1AA", None, None, "M", None),
    ("E1W 1UU", 51508774, -51135, "E", date(2007, 12, 1)),
    ("EC1A 1AA", None, None, "E", None),
}
CODE_POINT = """\
"EC2M7PY",10,533216,181760,"E92000001","E19000003","E18000007","","E09000001","E05009305"
"AL1 1AE",10,517328,206823,"E92000001","E19000002","E18000006","E10000015","E07000240","E05004788"
"CF101AA",90,0,0,"W92000004","","W11000029","","W06000015","W05000860"
"AB101AA",10,394251,806376,"S92000003","","S08000020","","S12000033","S13002842"
"""
CODE_POINT_HEADERS = "PC,PQ,EA,NO,CY,RH,LH,CC,DC,WC\nPostcode,Positional_quality_indicator,Eastings\n"


def ons(header: str, rows: Iterable[tuple[str, ...]] = ONS_ROWS) -> str:
    """A table of ONS with these columns; those that we do not read hold something odd."""
    text = [header]
    for packed, spaced, introduced, ended, country, latitude, longitude in rows:
        known = {
            "pcd": packed, "pcd7": packed, "pcd2": spaced, "pcd8": spaced, "pcds": spaced,
            "dointr": introduced, "doterm": ended, "ctry": country, "ctry25cd": country,
            "lat": latitude, "long": longitude,
        }  # fmt: skip
        text.append(",".join(known.get(name, "?") for name in header.strip().split(",")) + "\n")
    return "".join(text)


def simple(*rows: str) -> str:
    return "\n".join(["postcode,lat,lon", *rows]) + "\n"


OLD = simple("EC2M 7PY,51.5,-0.1", "EC4Y 8AU,51.5118,-0.1046")


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(database_url, max_size=3) as pool:
        yield pool


async def postcodes_of(pool: asyncpg.Pool) -> set[tuple[object, ...]]:
    rows = await pool.fetch("SELECT postcode, lat_e6, lon_e6, country, terminated FROM postcode")
    return {tuple(row) for row in rows}


async def edition_of(pool: asyncpg.Pool) -> tuple[str, int]:
    [row] = await pool.fetch("SELECT source, rows FROM postcode_edition")
    return row["source"], row["rows"]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def zipped(path: Path, members: dict[str, str]) -> Path:
    with ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


async def test_the_sample_is_loaded_value_for_value(pool: asyncpg.Pool, database_url: str) -> None:
    with lzma.open(SAMPLE, "rt") as lines:
        expected = {
            (row["postcode"], int(Decimal(row["lat"]) * 10**6), int(Decimal(row["lon"]) * 10**6), None, None)
            for row in csv.DictReader(lines)
        }
    file = PostcodeFile(SAMPLE)
    loaded = await replace_postcodes(file, database_url, "Code-Point Open 2014-07")
    assert loaded == len(expected) == 296_598
    assert file.left_out == {}
    assert await postcodes_of(pool) == expected
    assert await edition_of(pool) == ("Code-Point Open 2014-07", 296_598)


@pytest.mark.parametrize("header", [ONSPD_2024, ONSPD_2025, NSPL_2024])
async def test_files_of_ons_are_read_old_and_new(
    header: str, pool: asyncpg.Pool, database_url: str, tmp_path: Path
) -> None:
    file = PostcodeFile(written(tmp_path / "ONSPD_FEB_2024_UK.csv", ons(header)))
    assert await replace_postcodes(file, database_url, None) == 8
    assert await postcodes_of(pool) == ONS_LOADED
    assert file.without_position == 3
    assert await edition_of(pool) == ("ONS ONSPD_FEB_2024_UK.csv", 8)


async def test_a_byte_order_mark_and_capital_column_names_are_no_hindrance(
    pool: asyncpg.Pool, database_url: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "p.csv", "\ufeff" + ons(NSPL_2024).upper())
    assert await replace_postcodes(PostcodeFile(path), database_url, None) == 8
    assert await postcodes_of(pool) == ONS_LOADED


async def test_code_point_open_is_read_as_published(
    pool: asyncpg.Pool, database_url: str, tmp_path: Path
) -> None:
    first, rest = CODE_POINT.split("\n", 1)
    path = zipped(
        tmp_path / "codepo_gb.zip",
        {
            "Data/CSV/ec.csv": first + "\n",
            "Data/CSV/xx.csv": rest,
            "Doc/Code-Point_Open_Column_Headers.csv": CODE_POINT_HEADERS,
            "Doc/licence.txt": "EC2M 7PY,10,1,1,E92000001\n",
        },
    )
    file = PostcodeFile(path)
    assert await replace_postcodes(file, database_url, None) == 4
    assert file.other_tables == ["Doc/Code-Point_Open_Column_Headers.csv"]
    assert await edition_of(pool) == ("Code-Point Open codepo_gb.zip", 4)
    loaded = {str(row[0]): row[1:] for row in await postcodes_of(pool)}
    assert loaded["CF10 1AA"] == (None, None, "W", None)
    assert loaded["AB10 1AA"][2] == "S"
    with lzma.open(SAMPLE, "rt") as lines:
        published = {row["postcode"]: row for row in csv.DictReader(lines)}
    for postcode in ("EC2M 7PY", "AL1 1AE"):
        latitude, longitude, country, _ = loaded[postcode]
        # The published sample was transformed elsewhere, and has five decimals: some metres.
        assert country == "E"
        assert latitude == pytest.approx(float(published[postcode]["lat"]) * 1e6, abs=50)
        assert longitude == pytest.approx(float(published[postcode]["lon"]) * 1e6, abs=70)


async def test_the_copies_in_a_zip_of_ons_are_not_read_twice(
    pool: asyncpg.Pool, database_url: str, tmp_path: Path
) -> None:
    path = zipped(
        tmp_path / "ONSPD_FEB_2024.zip",
        {
            "Data/ONSPD_FEB_2024_UK.csv": ons(ONSPD_2024),
            "Data/multi_csv/ONSPD_FEB_2024_UK_EC.csv": ons(ONSPD_2024, ONS_ROWS[:1]),
            "Documents/Country names and codes UK.csv": "CTRY12CD,CTRY12NM\nE92000001,England\n",
        },
    )
    assert await replace_postcodes(PostcodeFile(path), database_url, None) == 8
    assert await postcodes_of(pool) == ONS_LOADED


@pytest.mark.parametrize("kind", ["plain", "gz", "xz", "zip", "folder"])
async def test_any_packing_is_unpacked(
    kind: str, pool: asyncpg.Pool, database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / {"plain": "p.csv", "folder": "files"}.get(kind, f"p.csv.{kind}")
    if kind == "plain":
        written(path, OLD)
    elif kind == "zip":
        zipped(path, {"p.csv": OLD})
    elif kind == "folder":
        path.mkdir()
        written(path / "a.csv", simple("EC2M 7PY,51.5,-0.1"))
        written(path / "b.csv", simple("EC4Y 8AU,51.5118,-0.1046"))
        written(path / "notes.txt", "nothing")
    else:
        path.write_bytes((gzip if kind == "gz" else lzma).compress(OLD.encode()))
    assert await replace_postcodes(PostcodeFile(path), database_url, "ours") == 2
    assert {row[0] for row in await postcodes_of(pool)} == {"EC2M 7PY", "EC4Y 8AU"}


def test_the_command_loads_and_tells_what_was_left_out(database_url: str, tmp_path: Path) -> None:
    good = [f"E{n} 1A{letter},51.5,-0.1" for n in range(1, 20) for letter in "ABCDEFGHIJKLMNOPQRST"]
    bad = ["LONDON,51.5,-0.1", "E1 1ZZ,north,-0.1", "E1 1ZY,5.1,-0.1"]
    path = written(tmp_path / "p.csv", simple(*good, *bad))
    done = crimemaps("postcodes", "load", str(path), cwd=tmp_path, servers={"DATABASE_URL": database_url})
    assert done.returncode == 0, done
    assert done.stdout.splitlines() == [
        "380 postcodes loaded, 3 rows left out",
        "  1 left out: not a postcode",
        "  1 left out: the position is not a number",
        "  1 left out: the position is outside the British Isles",
    ]


@pytest.mark.parametrize("name", ["absent.csv", "cut.csv.xz", "other.csv"])
def test_the_command_refuses_a_bad_file_in_one_line(name: str, database_url: str, tmp_path: Path) -> None:
    (tmp_path / "cut.csv.xz").write_bytes(SAMPLE.read_bytes()[:100_000])
    written(tmp_path / "other.csv", "month,crimes\n2018-10,7\n")
    done = crimemaps("postcodes", "load", name, cwd=tmp_path, servers={"DATABASE_URL": database_url})
    assert done.returncode == 2, done
    assert done.stdout == ""
    announced, *said = done.stderr.splitlines()
    assert announced.startswith("database: ")
    assert len(said) == 1
    assert said[0].startswith(f"crimemaps: {name} ")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.csv", None, "No such file or directory"),
        ("cut.csv.xz", lzma.compress(OLD.encode() * 999)[:-50], "ended before the end-of-stream marker"),
        ("cut.csv.gz", gzip.compress(OLD.encode() * 999)[:-20], "ended before the end-of-stream marker"),
        ("no.csv.xz", OLD.encode(), "Input format not supported"),
        ("no.csv.gz", OLD.encode(), "Not a gzipped file"),
        ("no.zip", OLD.encode(), "File is not a zip file"),
        ("latin.csv", OLD.encode() + b"\xe9\xe9,1,2\n", "can't decode byte 0xe9"),
        ("empty.csv", b"", "holds no postcodes: valid are ONSPD and NSPL"),
        ("header.csv", b"postcode,lat,lon\n", "holds no postcodes"),
        ("other.csv", b"month,crimes\n2018-10,7\n", "holds no postcodes"),
        ("columns.csv", b"pcds,dointr,oseast1m\nEC2M 7PY,198001,5\n", "holds no postcodes"),
        ("picture.csv", bytes(range(32)) * 99, "holds no postcodes"),
        ("twice.csv", OLD.encode() + b"ec2m7py,51.6,-0.1\n", r"twice: Key \(postcode\)=\(EC2M 7PY\)"),
        (
            "nonsense.csv",
            OLD.encode() + b"a,b,c\nEC2M\n",
            "of 4 rows too many make no sense: 1 the position is not a number, 1 too few columns",
        ),
    ],
)
async def test_a_bad_file_leaves_the_loaded_edition_as_it_was(
    name: str, content: bytes | None, said: str, pool: asyncpg.Pool, database_url: str, tmp_path: Path
) -> None:
    good = PostcodeFile(written(tmp_path / "good.csv", OLD))
    await replace_postcodes(good, database_url, "the good one")
    before = await postcodes_of(pool)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RequestError, match=said):
        await replace_postcodes(PostcodeFile(tmp_path / name), database_url, None)
    assert await postcodes_of(pool) == before != set()
    assert await edition_of(pool) == ("the good one", 2)


async def test_a_database_without_tables_is_told(servers_database: str, tmp_path: Path) -> None:
    path = written(tmp_path / "p.csv", OLD)
    with pytest.raises(RequestError, match=r"run `python -m shared\.migrate`"):
        await replace_postcodes(PostcodeFile(path), servers_database, None)


@pytest.fixture
async def servers_database(pool: asyncpg.Pool, database_url: str) -> str:
    """A database whose tables of postcodes are gone."""
    await pool.execute("DROP TABLE postcode, postcode_edition")
    return database_url


async def test_readers_see_the_old_edition_or_the_new_one_and_never_none(
    pool: asyncpg.Pool, database_url: str, tmp_path: Path
) -> None:
    many = [f"E{n} {m}A{letter},51.5,-0.1" for n in range(1, 20) for m in range(10) for letter in "ABCDEF"]
    north = written(tmp_path / "north.csv", simple(*many, "EC2M 7PY,53.0,-0.1"))
    south = written(tmp_path / "south.csv", simple(*many, "EC2M 7PY,51.0,-0.1"))
    await replace_postcodes(PostcodeFile(south), database_url, "south")
    store, ended, seen = PostcodeStore(pool), asyncio.Event(), set()

    async def read() -> None:
        while not ended.is_set():
            known = await store.find("EC2M 7PY")
            assert known is not None
            seen.add((known.latitude, known.source))

    async def load() -> None:
        for path in (north, south) * 5:
            await replace_postcodes(PostcodeFile(path), database_url, path.stem)
        ended.set()

    await asyncio.gather(read(), read(), load())
    assert seen == {(53.0, "north"), (51.0, "south")}


async def test_two_loads_at_once_come_one_after_the_other(
    pool: asyncpg.Pool, database_url: str, tmp_path: Path
) -> None:
    paths = [written(tmp_path / f"{n}.csv", simple(f"E{n} 1AA,51.5,-0.1")) for n in range(1, 5)]
    await asyncio.gather(*(replace_postcodes(PostcodeFile(path), database_url, path.stem) for path in paths))
    source, rows = await edition_of(pool)
    assert rows == 1
    assert {row[0] for row in await postcodes_of(pool)} == {f"E{source} 1AA"}
