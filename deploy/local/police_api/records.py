"""One month of one dataset, ready to be searched, every record already encoded."""

from array import array

import numpy as np
import numpy.typing as npt

from deploy.local.police_api.places import Place

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Metres = npt.NDArray[np.float64]


class Records:
    """Records in the order of the archive: their JSON, and what they can be asked for by.

    `lat`, `lon`: degrees, NaN where the record has no location. `place`: id of the map point, 0 where none.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._lat, self._lon, self._place = array("d"), array("d"), array("q")
        self._force, self._category = array("h"), array("h")
        self._codes: dict[str, int] = {}

    def add(self, body: bytes, force: str, category: str, place: Place) -> None:
        self.bodies.append(body)
        self._lat.append(place.lat)
        self._lon.append(place.lon)
        self._place.append(place.id)
        self._force.append(self._codes.setdefault(force, len(self._codes)))
        self._category.append(self._codes.setdefault(category, len(self._codes)))

    def seal(self) -> "Records":
        """Call once, after the last `add`."""
        self.lat, self.lon = np.array(self._lat, np.float64), np.array(self._lon, np.float64)
        self.place = np.array(self._place, np.int64)
        self.force, self.category = np.array(self._force, np.int16), np.array(self._category, np.int16)
        del self._lat, self._lon, self._place, self._force, self._category
        return self

    def __len__(self) -> int:
        return len(self.bodies)

    def of_force(self, force: str) -> Mask:
        mask: Mask = self.force == self._codes.get(force, -1)
        return mask

    def of_category(self, category: str) -> Mask:
        mask: Mask = self.category == self._codes.get(category, -1)
        return mask

    def unlocated(self) -> Mask:
        mask: Mask = self.place == 0
        return mask

    def json(self, indices: Indices) -> bytes:
        """A JSON array of these records."""
        return b"[" + b",".join([self.bodies[index] for index in indices.tolist()]) + b"]"

    def containing(self, text: bytes) -> list[int]:
        """The records in whose JSON this text occurs."""
        return [index for index, body in enumerate(self.bodies) if text in body]
