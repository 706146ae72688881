"""Compute on one thread, as commands and jobs do, and give a caller's threads back. No array comes in.

torch is not loaded here: where it is, it may be asked for as many threads as there are cores."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def single() -> Iterator[None]:
    """Let OpenCV, and torch if it is loaded, use one thread until the end; also a decorator, `@single()`."""
    torch, threads = sys.modules.get("torch"), cv2.getNumThreads()
    torch_threads = torch.get_num_threads() if torch else 1
    cv2.setNumThreads(1)
    if torch:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        if torch:
            torch.set_num_threads(torch_threads)
