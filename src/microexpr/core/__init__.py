"""Hold what every room knows: clips, errors, seeds, stage files, action units.

May import: nothing.
"""
