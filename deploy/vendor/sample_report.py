"""Make the sample report of `/reports` anew, of the bundled sample data.

    crimemaps demo --months 2018-09..2020-08    # and, while it serves, in the same folder:
    python -m deploy.vendor.sample_report

Its number and its address of verification are those of no report.
"""

import asyncio
from pathlib import Path
from uuid import UUID

from services.console.endpoints import find_target
from services.reporter.branding import Brand
from services.reporter.rendering import Job, render
from shared.area_figures.counts_store import CountsStore
from shared.area_figures.figures import work_out
from shared.areas import ForceAreas
from shared.db import open_pool
from shared.postcode_lookup import Postcodes
from shared.postcode_store import PostcodeStore
from shared.tiers import Tier

FILE = Path(__file__).parents[2] / "services" / "gateway" / "web" / "static" / "sample-report.pdf"
POSTCODE, TIER = "EC2M 7PY", Tier.PROFESSIONAL
NUMBER = str(UUID(int=0))
BRAND = Brand(
    name="Sample: an agent's name stands here",
    colour="#5b3f8c",
    contact=("A line of contact, such as a telephone number", "This sample is made of old data"),
    logo_data_uri=None,
    logo_width=None,
    logo_height=None,
)


async def make() -> bytes:
    """The PDF."""
    async with open_pool(find_target().database_url) as pool:
        place = await Postcodes(PostcodeStore(pool), None).find(POSTCODE)
        counts, points = await CountsStore(pool, ForceAreas.load()).read(
            place.postcode, place.latitude, place.longitude, place.source, TIER
        )
    address = f"https://crimemaps.example/r/{NUMBER}"
    return render(Job(NUMBER, address, work_out(counts), tuple(points), BRAND)).data


def main() -> None:
    """Write the file."""
    FILE.write_bytes(asyncio.run(make()))
    print(f"{FILE}: {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
