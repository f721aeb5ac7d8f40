"""Where a postcode is: asked of the loaded edition first, then of postcodes.io."""

from shared.errors import TransientError
from shared.postcode_store import PostcodeStore
from shared.postcodes import Known, Location, country_of_area, location_of, normalise, outside, unknown
from shared.postcodes_io import PostcodesIo


class Postcodes:
    """Looks postcodes up. `online` is None where postcodes.io is switched off."""

    def __init__(self, store: PostcodeStore, online: PostcodesIo | None) -> None:
        self.store = store
        self.online = online

    async def find(self, text: str) -> Location:
        """Where a postcode is, as somebody wrote it.

        Raises:
            PostcodeError: malformed, unknown, terminated, outside England and Wales, or without a position.
            TransientError: there is nobody to ask: the database or postcodes.io is away, or no postcodes are
                loaded where postcodes.io is switched off.
        """
        postcode = normalise(text)
        if country := country_of_area(postcode):
            raise outside(postcode, country)
        known = await self.look_up(postcode)
        if known is None:
            raise unknown(postcode)
        return location_of(known)

    async def look_up(self, postcode: str) -> Known | None:
        """What the first who knows the postcode says; None if nobody does."""
        try:
            known = await self.store.find(postcode)
        except LookupError as error:
            if self.online is None:
                raise TransientError(
                    "no postcodes are loaded and postcodes.io is switched off: run `crimemaps postcodes load`"
                ) from error
            return await self.online.find(postcode)
        return known or (await self.online.find(postcode) if self.online else None)
