"""Print CPU milliseconds a frame of py-feat's detectors on crops.npy. `signals.py` starts this in its environment."""

import sys
import time

import detectors
import numpy as np
import torch

from microexpr.core.errors import DataError
from microexpr.signals.aus.pyfeat import BORDER


def main() -> None:
    torch.set_num_threads(1)
    crops = np.load(sys.argv[1])
    pictures = np.pad(crops[..., None], ((0, 0), (BORDER,) * 2, (BORDER,) * 2, (0, 0)), mode="edge")
    try:
        detect = detectors.Detectors()
    except DataError as error:
        sys.exit(str(error))
    detect(pictures[:1])
    start = time.process_time()
    detect(pictures)
    print(1000 * (time.process_time() - start) / len(pictures))


if __name__ == "__main__":
    main()
