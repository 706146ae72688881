"""Define the concepts of every room: clips, errors, seeds, stage files, action units.

May import: nothing."""
