"""Fixtures that tests of several rooms share."""

from generator_groups import groups
from toy_networks import double

__all__ = ["double", "groups"]
