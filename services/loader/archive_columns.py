"""What the columns of a page say together, each combination once. Pure."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SEPARATOR = "\0"
"""Between texts that are put together: no sound row has it."""
BETWEEN = pa.scalar(SEPARATOR, pa.string())
"""The same with its type: to find the type of a value, Arrow tries to import modules, every time."""


def distinct(table: pa.Table) -> tuple[list[pa.Array], pa.Int32Array]:
    """The columns of a table of texts without rows that say the same, and which of these each row says."""
    encoded = pc.binary_join_element_wise(*table.columns, BETWEEN).combine_chunks().dictionary_encode()
    # They are numbered as they appear: where the highest number so far rises, a new one does.
    highest = np.maximum.accumulate(np.asarray(encoded.indices))
    first = table.take(pa.array(np.flatnonzero(np.diff(highest, prepend=-1))))
    return [column.combine_chunks() for column in first.columns], encoded.indices
