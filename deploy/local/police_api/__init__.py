"""A server that answers from archive CSVs as data.police.uk does, with its traps.

It is the source of the demo and the upstream of the tests: see README.md.
"""
