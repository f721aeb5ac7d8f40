"""What a loader keeps of the pages that it staged: nothing."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncpg
import pytest

from services.loader.handlers import stage_page
from shared.events import PageFetched
from shared.model import Dataset
from tests.archives import archive_run, real
from tests.builders import sample_run
from tests.pipeline import MAX_PAGE_BYTES, loader_store

TIMES = 10
Pages = list[tuple[PageFetched, bytes]]


def of_the_api() -> Pages:
    """The pages of a run of the API."""
    run = sample_run()
    return [(page.announced(run), page.packed) for page in run.pages]


def of_an_archive() -> Pages:
    """The pages of a run of an archive."""
    return list(archive_run(real("2018-10", Dataset.STREET, "city-of-london")).pages)


@contextmanager
def without_collector() -> Iterator[None]:
    """Nobody looks for cyclic garbage, as a loader does not for many months: it makes few objects."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.enable()


@pytest.mark.parametrize("pages", [of_the_api, of_an_archive])
async def test_pages_that_are_staged_leave_nothing_behind(
    pool: asyncpg.Pool, pages: Callable[[], Pages]
) -> None:
    store = loader_store(pool)
    for page, body in pages():  # their places and words are remembered
        await stage_page(store, page, body, MAX_PAGE_BYTES)
    more = [page for _ in range(TIMES) for page in pages()]
    with without_collector():
        for page, body in more:
            await stage_page(store, page, body, MAX_PAGE_BYTES)
        kept, _ = tracemalloc.get_traced_memory()
    assert kept < sum(len(body) for _, body in more)  # packed: their rows are several times as much
