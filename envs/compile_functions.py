"""Compile numba's functions into their cache, or the first commands and jobs would."""

from microexpr.core import arithmetic
from microexpr.rendering import corpus
from microexpr.signals import flow

if __name__ == "__main__":
    arithmetic.restart_pinned()
    corpus.prepare()
    flow.prepare()
