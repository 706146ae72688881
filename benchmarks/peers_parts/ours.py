"""Train a share of the folds with our engine, on one thread. Started by `benchmarks/peers.py`, one process per core.

    python ours.py METHOD ARRAYS.npz EPOCHS BATCH RATE SHARE SHARES

It trains every SHARES-th fold, from the SHARE-th on.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from microexpr.models.base import ClipTensors
from microexpr.models.recognisers import find
from microexpr.training.engine import FoldIndices, train


def main(name: str, path: str, *numbers: str) -> None:
    """Print the predictions of each fold, at the last epoch and at that of highest accuracy on the test clips."""
    epochs, batch, share, shares = (int(numbers[i]) for i in (0, 1, 3, 4))
    kind = find(name)
    method = kind(kind.Params.model_validate({"epochs": epochs, "batch": batch, "lr": float(numbers[2])}))
    with np.load(Path(path)) as arrays:
        flow, labels = torch.from_numpy(arrays["flow"].astype(np.float32)), arrays["label"]
        folds = [
            FoldIndices(fold["name"], np.array(fold["train"]), np.array(fold["test"]))
            for fold in json.loads(str(arrays["folds"]))[share::shares]
        ]
    data = ClipTensors({"flow": flow}, {"label": torch.from_numpy(labels)})
    for fold, result in zip(folds, train(method, data, folds, [0], "auto", len(folds)), strict=True):
        predicted, truth = result.scores[0].argmax(-1), labels[fold.test]  # [E, m]
        best = (predicted == truth).mean(-1).argmax()
        print("Predicted    :", predicted[-1].tolist())
        print("Best Predicted    :", predicted[best].tolist())
        print("Ground Truth :", truth.tolist(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
