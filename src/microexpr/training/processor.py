"""Settings of the CPU for a process that trains. No tensor comes in."""

import ctypes

import torch

# glibc's mallopt settings, by their numbers in malloc.h. With glibc's defaults each large tensor is asked of the system
# and given back in every step, and the system fills its pages with zeros each time: a tenth to a half of a step.
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3


def use_one_thread() -> None:
    """Compute on one thread, since sums in another order are other bytes; with glibc, hold memory between steps."""
    torch.set_num_threads(1)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in ((TRIM_THRESHOLD, 2**31 - 1), (TOP_PAD, 2**26), (MMAP_THRESHOLD, 2**30)):
            mallopt(setting, value)
