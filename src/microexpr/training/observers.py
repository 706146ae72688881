"""Train the observers of synthesised faces: each on some subjects, to score the faces of the others. No file comes in.

Shapes: N faces or clips, images uint8[N, H, W, C], clips uint8[N, K, H, W, C].
"""

from collections.abc import Sequence

import numpy as np
import torch

from microexpr.core.arrays import luma
from microexpr.core.seeds import generator
from microexpr.models.base import ClipTensors
from microexpr.models.observer import CELL, Observer, pair
from microexpr.training import engine
from microexpr.training.engine import FoldIndices, FoldRun

GROUPS = 2  # of subjects, each scored by an observer that the others train


def observe(
    subjects: Sequence[str], rest: np.ndarray, pictures: np.ndarray, is_true: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of each face's subject, int64[N], and how true its observer finds each cell, float64[N, h, h].

    `rest` is another picture of each face, `pictures` are images or clips, `is_true` bool[N]. Cells have sides of
    `CELL` pixels; a face's score is their sum. Scores of one group are one observer's."""
    names = sorted(set(subjects))
    order = generator(seed, "observers", "groups").permutation(len(names)) % GROUPS
    groups = np.array([order[names.index(subject)] for subject in subjects])
    clips = pictures if pictures.ndim == 5 else pictures[:, None]
    params = {"image_size": rest.shape[1], "frames": clips.shape[1]}
    method = Observer(Observer.Params.model_validate(params), classes=2)
    data = ClipTensors(
        {"pair": pair(*(torch.from_numpy(luma(images)).float() for images in (rest[:, None], clips)))},
        {"label": torch.from_numpy(is_true.astype(np.int64))},
    )
    cells = rest.shape[1] // CELL
    score = np.empty((len(subjects), cells, cells))
    for group in range(GROUPS):
        test = np.flatnonzero(groups == group)
        fold = FoldIndices(f"observers {group}", np.flatnonzero(groups != group), test)
        network = engine.fit_network(method, data, FoldRun(fold, seed))
        with torch.no_grad():
            logits = method.scores(network.modules, data[torch.from_numpy(test)].inputs, {})
        score[test] = logits.double().numpy().reshape(-1, cells, cells)
    return groups, score
