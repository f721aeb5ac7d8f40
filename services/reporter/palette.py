"""Colours of charts and maps: told apart by colour-blind readers, and by their lightness alone in grey print.

No red and green: a colour says which, never good or bad.
"""

ACCENT = "#12436d"
INK = "#1d2329"
MUTED = "#5b6670"
RULE = "#c9d0d6"
GRID = "#e6e9ec"
NO_DATA = "#e6eaed"
"""A band where there is no data; only ever a background."""
PAPER = "#ffffff"

PARTIAL = "#8fb8d6"
"""Months whose data may not be whole."""

OUTCOMES = {
    "positive": "#12436d",
    "local_resolution": "#2f8f9d",
    "negative": "#e39a3c",
    "none": "#bcc6cf",
    "unmapped": "#76518f",
}
"""By outcome group; lightness falls from `none` to `positive`."""

HERE, AREA, COUNTRY = "#12436d", "#c46a1b", "#a6afb8"
"""What is compared; their marks differ in shape too."""

SEQUENTIAL = ("#e3eef6", "#b5d0e6", "#7fabd0", "#4a82b3", "#245d92", "#12436d")
"""Density, lowest first: lightness falls evenly."""

LAND, SEA, PARK = "#f3f4f5", "#d8e6f0", "#dfeadb"
STREET, STREET_EDGE = "#ffffff", "#cdd3d9"
RIVER = "#9dc0d8"
BUILDING, RAIL = "#e7eaec", "#b9c0c7"
BORDER = "#8b7f95"
