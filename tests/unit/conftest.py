"""Fixtures that tests of several rooms share."""

from generator_groups import groups

__all__ = ["groups"]
