"""The spotter of `microexpr predict`, which learnt from the population alone. No folds, files, devices.

What it spots in a video is in the video's file already, since the same stage reads the face.
"""

from collections.abc import Mapping

import numpy as np

from microexpr.models.spotter import Curves, Interval, Spotter


class Predict(Spotter):
    """Expressions where a network that reads action units, movement, gaze and turns of the head finds them likely."""

    paper = "None: ours; comparing a face with itself is Moilanen et al., ICPR 2014"
    reads_movement = False

    def find(self, curves: Curves, scores: Mapping[str, np.ndarray]) -> list[Interval]:
        columns = ("kind", "onset", "apex", "offset", "confidence")
        rows = zip(*(curves.arrays[name] for name in columns), strict=True)
        return [
            Interval("micro" if kind == "micro" else "macro", int(onset), int(apex), int(offset), float(confidence))
            for kind, onset, apex, offset, confidence in rows
            if kind in ("micro", "macro")
        ]
