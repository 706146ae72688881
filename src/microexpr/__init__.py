"""Micro-expression recognition and synthesis: from raw video to the published tables."""

__version__ = "0.3.0"
