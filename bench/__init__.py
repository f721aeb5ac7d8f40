"""Measurements against a floor and against the straightforward way, as JSON lines."""
