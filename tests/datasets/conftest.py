"""A generated corpus in its native layout, with frames of a few pixels: what a loader sees, in milliseconds."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from microexpr.generated import layouts, plan

PARAMS = plan.Params(
    max_frames=24,
    **{name: plan.Corpus(subjects=2, clips=8) for name in ("smic", "casme2", "samm")},
)


def write_corpus(root: Path, dataset: str, params: plan.Params = PARAMS) -> list[plan.Planned]:
    planned = plan.planned(dataset, params, seed=3)
    grey = np.full((6, 8) if dataset == "samm" else (6, 8, 3), 99, np.uint8)
    for one in planned:
        (root / one.clip.folder).mkdir(parents=True)
        for number in range(one.clip.first, one.clip.last + 1):
            assert cv2.imwrite(str(root / one.path(number)), grey)
    for file in layouts.WORKBOOKS[dataset]:
        layouts.write_workbook(root / file, dataset, [one.clip for one in planned])
    return planned


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """corpus(dataset) -> (root, planned), below the working folder as the pipeline has it."""
    monkeypatch.chdir(tmp_path)

    def written(dataset: str):
        root = Path("data/generated") / dataset
        return root, write_corpus(root, dataset)

    return written
