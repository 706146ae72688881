"""The clips of a finished run in the layouts that the authors' programs read. Nothing is trained here.

Shapes: N clips, flow float32[N, 3, 28, 28] of u, v (pixels of the crop) and strain.
"""

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from microexpr.core.clip import Clip, Fold
from microexpr.core.errors import DataError
from microexpr.datasets import index
from microexpr.datasets.flow_folders import PARTS
from microexpr.models.flow_network import FLOW_SIZE
from microexpr.protocols import splits
from microexpr.signals import inputs
from microexpr.signals.flow import normalise

FLOW_SHAPE = {"flow": (3, FLOW_SIZE, FLOW_SIZE)}
APEX_SHAPE = {"apex": (3, 144, 144)}  # the picture of the face on which HTNet detects landmarks
FIRST_GREY = np.array([127.5, 127.5, 0])[:, None, None]  # what `normalise` takes from u, v and strain
LIST = "combined_3_class2_for_optical_flow.csv"  # HTNet's, with the columns that it and its kin read
LIST_COLUMNS = ("dataset", "sub", "filename_o", "label", "apex", "imagename", "sub_filename")


@dataclass(frozen=True, eq=False)
class Run:
    """The composite of a finished run: labelled clips of the micro-expression sets, sorted, and the folds to train."""

    clips: list[Clip]
    flow: np.ndarray
    folds: list[Fold]
    origin: str  # "generated" or "licensed"

    def labels(self) -> np.ndarray:
        """Return int64[N]."""
        return np.array([clip.label for clip in self.clips])

    def pictures(self) -> np.ndarray:
        """Return uint8[N, 28, 28, 3] of u, v, strain, each scaled to 0..255 in its clip, as published pictures are."""
        return np.stack([picture(flow) for flow in self.flow])


def read_run(folder: Path, folds: int) -> Run:
    """Return the composite of a run; `folds` held-out subjects, evenly spaced, 0 for all.

    Raises DataError where the folder holds no finished flow stage.
    """
    results = folder / "results"
    tables = [path for name in PARTS if (path := results / "index" / f"{name}.csv").exists()]
    if not tables or not (results / "flow").is_dir():
        raise DataError(f"{folder}: must hold results/index/*.csv and results/flow of a finished run")
    clips = sorted((clip for clip in index.read_all(tables) if clip.label is not None), key=lambda clip: clip.id)
    clips.sort(key=lambda clip: (clip.dataset, clip.subject, clip.name))
    flow = read_input(results, clips, "flow", ("flow",), FLOW_SHAPE)
    return Run(clips, flow, splits.leave_one_out(clips, "subject", folds), clips[0].origin)


def read_input(
    results: Path, clips: Sequence[Clip], name: str, stages: Sequence[str], shape: dict[str, tuple[int, ...]]
) -> np.ndarray:
    """Return one input of all clips, in their order."""
    parts = []
    for dataset, subject in dict.fromkeys((clip.dataset, clip.subject) for clip in clips):
        names = [clip.name for clip in clips if (clip.dataset, clip.subject) == (dataset, subject)]
        files = {stage: results / stage / dataset / f"{subject}.h5" for stage in stages}
        parts.append(inputs.load(shape, files, names)[name])
    return np.concatenate(parts)


def picture(flow: np.ndarray) -> np.ndarray:
    """Return one clip's flow [3, H, W] as uint8[H, W, 3]: each channel from its least value, 0, to its largest, 255."""
    levels = normalise(flow, "minmax_channel") + FIRST_GREY
    return np.rint(levels.transpose(1, 2, 0)).clip(0, 255).astype(np.uint8)


def subject_name(clip_id: str) -> str:
    """Return the subject as one name that no two data sets share: casme2_sub01."""
    return "_".join(clip_id.split("/")[:2])


def picture_name(clip: Clip) -> str:
    """Return a flow picture's file name; HTNet expects the space."""
    return f"{subject_name(clip.id)}_{clip.name} .png"


def write_folders(root: Path, run: Run) -> None:
    """Write <root>/<subject>/{u_train,u_test}/<class>/*.png for each fold, as STSTNet and HTNet read them."""
    clips = {clip.id: clip for clip in run.clips}
    rows = {clip.id: row for row, clip in enumerate(run.clips)}
    pixels, source = run.pictures(), root.parent / f"{root.name}_source"
    source.mkdir(parents=True)
    for clip_id, clip in clips.items():
        write_picture(source / picture_name(clip), pixels[rows[clip_id]])
    for fold in run.folds:
        for side, ids in (("u_train", fold.train), ("u_test", fold.test)):
            for clip in (clips[clip_id] for clip_id in ids):
                folder = root / subject_name(fold.test[0]) / side / str(clip.label)
                folder.mkdir(parents=True, exist_ok=True)
                os.link(source / picture_name(clip), folder / picture_name(clip))


def write_htnet(root: Path, run: Run, faces: np.ndarray) -> None:
    """Write HTNet's folder: the folds, all flow pictures, all faces at the apex uint8[N, H, W, 3] (RGB), the list."""
    data = root / "datasets"
    write_folders(data / "three_norm_u_v_os", run)
    (data / "three_norm_u_v_os_source").rename(data / "STSNet_whole_norm_u_v_os")
    (data / "combined_datasets_whole").mkdir()
    with (root / LIST).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(LIST_COLUMNS)
        for clip, face in zip(run.clips, faces, strict=True):
            subject = subject_name(clip.id)
            name = f"{subject}_{clip.name}.jpg"
            write_picture(data / "combined_datasets_whole" / name, face)
            table.writerow([clip.dataset, subject, clip.name, clip.label, "", name, ""])


def write_arrays(path: Path, run: Run, flow: np.ndarray) -> None:
    """Write flow [N, 3, 28, 28] and what is known of the clips as one npz, for meb's driver and our engine."""
    positions = {clip.id: i for i, clip in enumerate(run.clips)}
    folds = [
        {"name": fold.name, **{side: [positions[i] for i in getattr(fold, side)] for side in ("train", "test")}}
        for fold in run.folds
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    subjects = np.array([subject_name(clip.id) for clip in run.clips])
    datasets = np.array([clip.dataset for clip in run.clips])
    np.savez(path, flow=flow, label=run.labels(), subject=subjects, dataset=datasets, folds=json.dumps(folds))


def write_picture(path: Path, pixels: np.ndarray) -> None:
    """Write RGB pixels; OpenCV's order is the reverse. Raises OSError."""
    if not cv2.imwrite(str(path), np.ascontiguousarray(pixels[..., ::-1])):
        raise OSError(f"{path}: could not be written")
