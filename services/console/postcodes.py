"""`crimemaps postcodes`: the postcodes that reports are ordered for."""

import asyncio
import os
from pathlib import Path

from cyclopts import App, Parameter
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from services.console.endpoints import find_target
from services.console.postcode_files import PostcodeFile
from services.console.postcode_store import PostcodeStore
from services.console.screen import ERR, OUT, note
from shared.db import open_pool, without_password

postcodes = App(name="postcodes", default_parameter=Parameter(negative=()), version_flags=())


@postcodes.command
def load(file: Path, *, source: str | None = None) -> None:
    """Replace all postcodes by those of a file; readers see the old ones until the new ones are complete.

    ONSPD, NSPL or Code-Point Open as published, or a CSV with postcode, lat and lon; .csv, .csv.gz,
    .csv.xz, .zip, or a folder of these.

    Parameters
    ----------
    file
        The file or folder.
    source
        What reports say where positions come from, such as "ONSPD February 2025"; else the file's name.
    """
    database_url = os.environ.get("DATABASE_URL") or find_target().database_url
    note(f"database: {without_password(database_url)}")
    with reading_bar() as bar:
        task = bar.add_task("postcodes", total=PostcodeFile(file).size)
        read = PostcodeFile(file, lambda raw: bar.wrap_file(raw, task_id=task))
        loaded = asyncio.run(replace_postcodes(read, database_url, source))
    show(read, loaded)


async def replace_postcodes(file: PostcodeFile, database_url: str, source: str | None) -> int:
    """Replace all postcodes by those of the file; returns how many they are."""
    async with open_pool(database_url, max_size=1) as pool:
        return await PostcodeStore(pool).replace(file, source)


def reading_bar() -> Progress:
    """A bar over the bytes of a file, on a terminal only."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=ERR,
        disable=not ERR.is_terminal,
    )


def show(file: PostcodeFile, loaded: int) -> None:
    """What came of it."""
    OUT.print(f"{loaded:,} postcodes loaded, {file.left_out.total():,} rows left out", markup=False)
    for reason, rows in file.left_out.most_common():
        OUT.print(f"  {rows:,} left out: {reason}", markup=False)
    if file.without_position:
        OUT.print(f"  {file.without_position:,} loaded without a position: the file has none", markup=False)
    for name in file.other_tables:
        note(f"not read, as it holds no postcodes: {name}")
