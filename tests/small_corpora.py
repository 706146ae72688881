"""A generated corpus in its native layout, with frames of a few pixels: what a loader sees, in milliseconds."""

from pathlib import Path

import cv2
import numpy as np

from microexpr.generated import plan
from microexpr.generated.native import Planned
from microexpr.generated.natives import NATIVES
from microexpr.generated.recording import recorder

PARAMS = plan.Params(
    max_frames=24,
    **{name: plan.Corpus(subjects=2, clips=8) for name in NATIVES if name != "oulu_casia"},
    oulu_casia=plan.Corpus(subjects=2, clips=6),  # an emotion each
)


def write_corpus(root: Path, dataset: str, params: plan.Params = PARAMS) -> list[Planned]:
    """Frames of one grey each, another in every clip."""
    planned = plan.planned(dataset, params, seed=3)
    for level, one in enumerate(planned, 40):
        grey = np.full((6, 8) if NATIVES[dataset].grey else (6, 8, 3), 3 * level, np.uint8)
        (root / one.path(one.clip.first)).parent.mkdir(parents=True, exist_ok=True)
        if one.clip.folder.endswith(".avi"):
            with recorder(".avi", grey=False, quality=80, fps=one.clip.fps) as record:
                for _ in range(one.clip.frames):
                    record(root / one.clip.folder, np.full((48, 64, 3), 3 * level, np.uint8))
        else:
            for number in range(one.clip.first, one.clip.last + 1):
                assert cv2.imwrite(str(root / one.path(number)), grey)
        for path, text in NATIVES[dataset].beside(one).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    for file, write in NATIVES[dataset].annotations.items():
        write(root / file, [one.clip for one in planned])
    return planned
