"""py-feat's own detectors on pictures of faces: runs in envs/pyfeat/.venv only. Pictures in, its 20 action units out.

Imported by the workflow's script with this folder on the path; the library never imports py-feat, torch or this.
"""

import os
import sys
import types
from importlib.util import find_spec
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # weight files are put there by people; a job never waits for a download

import numpy as np
import torch

from microexpr.core.errors import DataError

BATCH = 8  # pictures


class Detectors:
    """RetinaFace, MobileFaceNet and the gradient-boosted action-unit classifiers: py-feat's Detectorv1."""

    def __init__(self) -> None:
        _stand_in_for_torchcodec()
        stand_in_for_torchvision_operators()
        from feat.detector import Detectorv1
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            self._detector = Detectorv1(
                face_model="retinaface",
                landmark_model="mobilefacenet",
                au_model="xgb",
                emotion_model=None,
                identity_model=None,
                gaze_model=None,
                device="cpu",
            )
        except LocalEntryNotFoundError as error:
            raise DataError(f"py-feat lacks a weight file ({' '.join(str(error).split())})") from error

    def __call__(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """float32[N, 20] in 0..1 and bool[N], whether a face was found, of `pictures` uint8[N, H, W, 3 or 1].

        Where several faces are found the largest counts; where none is, values are 0."""
        coloured = np.broadcast_to(pictures, (*pictures.shape[:3], 3))
        tensor = torch.from_numpy(np.ascontiguousarray(coloured.transpose(0, 3, 1, 2)))
        read = self._detector.detect(tensor, data_type="tensor", batch_size=BATCH, progress_bar=False)
        values, found = np.zeros((len(pictures), len(read.au_columns)), np.float32), np.zeros(len(pictures), bool)
        faces = read[read["FaceRectWidth"].notna()]
        size = (faces["FaceRectWidth"] * faces["FaceRectHeight"]).sort_values(kind="stable")
        for row in size.index:  # the largest last
            position = int(faces.loc[row, "frame"])
            values[position], found[position] = faces.loc[row, read.au_columns].to_numpy(np.float32), True
        return values, found


def _stand_in_for_torchcodec() -> None:
    """py-feat imports torchcodec for reading videos, and that needs FFmpeg's libraries. Here no video is read."""
    package, decoders = types.ModuleType("torchcodec"), types.ModuleType("torchcodec.decoders")
    decoders.VideoDecoder = package.decoders = None  # type: ignore[attr-defined]
    sys.modules.update({"torchcodec": package, "torchcodec.decoders": decoders})


def stand_in_for_torchvision_operators() -> None:
    """torchvision is built for CUDA: beside CPU torch its compiled part does not load, and its import ends there.

    Then the operators it names are declared here, and non-maximum suppression, which RetinaFace needs, is written out.
    """
    spec = find_spec("torchvision")
    assert spec is not None and spec.origin is not None
    try:
        torch.ops.load_library(Path(spec.origin).with_name("_C.so"))
    except OSError:
        global LIBRARY  # operators live as long as this does
        LIBRARY = torch.library.Library("torchvision", "DEF")
        LIBRARY.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        LIBRARY.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        LIBRARY.impl("nms", suppressed, "CPU")
        import torchvision.extension
        import torchvision.ops.boxes

        torchvision.extension._assert_has_ops = torchvision.ops.boxes._assert_has_ops = lambda: None


def suppressed(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
    """int64: boxes [N, 4] kept, best first, each after taking away those that share more than `threshold` with it."""
    order = scores.argsort(descending=True, stable=True)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(int(best))
        corner, end = boxes[order, :2].maximum(boxes[best, :2]), boxes[order, 2:].minimum(boxes[best, 2:])
        shared = (end - corner).clamp(min=0).prod(dim=1)
        order = order[shared <= threshold * (area[best] + area[order] - shared)]
    return torch.tensor(kept, dtype=torch.int64)
