"""Rendering a report in processes of its own, because it keeps a core busy for about a second."""

import asyncio
import ctypes
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from time import time_ns

from services.reporter.basemap import PreparedBasemap
from services.reporter.branding import Brand
from shared.area_figures.counts import Point
from shared.area_figures.shapes import Figures
from shared.errors import TransientError
from shared.tracing import Span, add_span

MOST_SECONDS = 120.0
"""Far more than any report takes: a process that is not done by then hangs."""
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Job:
    """All that a report is made of: the same job gives the same bytes."""

    report_id: str
    verify_url: str
    figures: Figures
    points: tuple[Point, ...]
    brand: Brand | None
    basemap: PreparedBasemap | None = None
    """None is the bundled one."""


@dataclass(frozen=True)
class Pdf:
    """A rendered report."""

    data: bytes
    pages: int
    times_ns: tuple[int, int, int]
    """When the drawing began, when the pictures were there, when the PDF was."""


def render(job: Job) -> Pdf:
    """Draw the pictures, fill the template, make the PDF."""
    # Imported in the process that needs them: they take a second.
    from services.reporter.pdf import to_pdf
    from services.reporter.pictures import draw

    began = time_ns()
    html = draw(job)
    drawn = time_ns()
    data, pages = to_pdf(html)
    return Pdf(data, pages, (began, drawn, time_ns()))


class Renderers:
    """A pool of processes; one that dies takes its report with it, and the report is rendered again."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self.pool: ProcessPoolExecutor | None = None

    async def render(self, job: Job) -> Pdf:
        """Render in the next free process.

        Raises:
            TransientError: the process died, or hung and was killed.
        """
        if self.pool is None:
            self.pool = ProcessPoolExecutor(
                self.processes,
                mp_context=get_context("spawn"),
                initializer=end_with_parent,
                initargs=(os.getpid(),),
            )
        with Span("report.render"):
            try:
                async with asyncio.timeout(MOST_SECONDS):
                    pdf = await asyncio.get_running_loop().run_in_executor(self.pool, render, job)
            except BrokenProcessPool as error:
                self.close()
                raise TransientError("the process that rendered the report died") from error
            except TimeoutError as error:
                self.close()
                raise TransientError(f"the report was not rendered within {MOST_SECONDS:.0f} s") from error
            began, drawn, ended = pdf.times_ns
            add_span("report.draw", began, drawn)
            add_span("report.pdf", drawn, ended)
            return pdf

    def close(self) -> None:
        """End the processes; what they were rendering is rendered again."""
        if self.pool is not None:
            pool, self.pool = self.pool, None
            for process in list((pool._processes or {}).values()):  # it has no public way to stop at once
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)


def end_with_parent(parent: int) -> None:
    """A killed reporter leaves no process behind; Ctrl-C is for the reporter, which tells us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(ctypes.CDLL(None), "prctl"):  # Linux
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
