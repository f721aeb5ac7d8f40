"""Where a postcode is: asked of the loaded edition first, then of postcodes.io."""

from shared.errors import TransientError
from shared.postcode_store import PostcodeStore
from shared.postcodes import Known, Location, country_of_area, location_of, normalise, outside, unknown
from shared.postcodes_io import PostcodesIo


class NobodyKnowsError(TransientError):
    """A postcode is not loaded, and nobody else can be asked: worth a few more tries."""


class UnconfirmedError(TransientError):
    """An edition of the whole country does not have a postcode, and postcodes.io cannot be asked.

    Most likely there is no such postcode; but it may be newer than the edition, so nobody says so.
    """


class Postcodes:
    """Looks postcodes up. `online` is None where postcodes.io is switched off."""

    def __init__(self, store: PostcodeStore, online: PostcodesIo | None) -> None:
        self.store = store
        self.online = online

    async def find(self, text: str) -> Location:
        """Where a postcode is, as somebody wrote it.

        Raises:
            PostcodeError: malformed, unknown, terminated, outside England and Wales, or without a position.
            UnconfirmedError: the loaded edition of the whole country lacks it, and postcodes.io is away.
            NobodyKnowsError: it is not loaded and postcodes.io is away, or nothing is loaded where
                postcodes.io is switched off.
            TransientError: the database is away.
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
                raise NobodyKnowsError(
                    "no postcodes are loaded and postcodes.io is switched off: run `crimemaps postcodes load`"
                ) from error
            known = None
        return known or (await self.ask(self.online, postcode) if self.online else None)

    async def ask(self, online: PostcodesIo, postcode: str) -> Known | None:
        """What postcodes.io says of a postcode that is not loaded."""
        try:
            return await online.find(postcode)
        except TransientError as error:
            if edition := await self.store.whole_edition():
                raise UnconfirmedError(
                    f"{postcode} is not in the loaded postcodes ({edition}), and postcodes.io could not be "
                    "asked: check it, write one nearby, or try again later"
                ) from error
            raise NobodyKnowsError(
                f"{postcode} is not among the loaded postcodes, and postcodes.io could not be asked: {error}"
            ) from error
