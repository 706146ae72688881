"""Give the threads of a caller's process back, since commands and jobs compute on one. No array comes in."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch


@contextmanager
def restored() -> Iterator[None]:
    """Restore the numbers of threads of torch and OpenCV at the end; also a decorator, `@restored()`."""
    threads = torch.get_num_threads(), cv2.getNumThreads()
    try:
        yield
    finally:
        torch.set_num_threads(threads[0])
        cv2.setNumThreads(threads[1])
