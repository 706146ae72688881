"""Compute on one thread, as commands and jobs do, and give a caller's threads back. No array comes in."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch


@contextmanager
def single() -> Iterator[None]:
    """Let torch and OpenCV use one thread until the end; also a decorator, `@single()`."""
    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads[0])
        cv2.setNumThreads(threads[1])
