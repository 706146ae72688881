"""One subject of the benchmark: rendered to native files, read by the signal stages, paired with the ground truth.

Out of scope: figures. They are pooled over subjects by `pool`.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from pydantic import BaseModel

from facs_faces import display, motion
from facs_faces.face import Face
from microexpr import datasets
from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.core.clip import Clip
from microexpr.rendering import corpus
from microexpr.rendering.layout import PlannedClip
from microexpr.signals import apex, aus, face_regions, faces, flow, inputs
from microexpr.signals.aus import coded, filters, regressor


class Stages(BaseModel):
    """The params of the stages that are measured, as sections of params.yaml."""

    faces: faces.Params
    apex: apex.Params
    flow: flow.Params
    aus: aus.Params

    @classmethod
    def from_sections(cls, sections: Mapping[str, Mapping[str, Any]]) -> "Stages":
        """Return the params in these sections; a clip with a rarely detected face counts, unlike in a run."""
        return cls.model_validate({**sections, "faces": {**sections["faces"], "min_detected": 1e-9}})


def write(rows: list[PlannedClip], scene: corpus.Scene, seed: int, stages: Stages, path: str | Path) -> None:
    """Write the measured file of one subject. Frames and ground truth are made in a temporary folder and removed.
    Raises DataError where a stage would, StoreError when a disk is full."""
    clips, face = [planned.clip for planned in rows], Face(corpus.performer_of(rows[0].clip, seed).face_seed)
    model = regressor.load()
    with (
        TemporaryDirectory(prefix="microexpr-truth-") as home,
        store.subject_file(path, "measured", clips, generate=asdict(scene), **stages.model_dump()) as file,
    ):
        file.describe(difficulty=scene.difficulty)
        corpus.write_person(rows, scene, seed, home, Path(home) / "truth.h5")
        with store.open_file(Path(home) / "truth.h5", "truth") as truth_file:
            for planned in rows:
                truth = {name: values[()] for name, values in truth_file[planned.clip.name].items()}
                measured = measure(planned.clip, Path(home), truth, stages, model)
                estimate, alignment, onset, top = (measured.pop(name) for name in ("flow", "alignment", "start", "top"))
                true, skin = on_crop(true_motion(planned, face, scene, seed, onset, top), alignment, estimate.shape[1])
                errors = flow_errors(estimate, true, skin, truth["landmarks"][onset], alignment)
                file.group(planned.clip.name).put_all(**measured, **errors)


def measure(
    clip: Clip, home: Path, truth: Mapping[str, np.ndarray], stages: Stages, model: regressor.Model
) -> dict[str, Any]:
    """Run the stages on a clip below `home`, each as its script does; return the datasets of the measured file.

    Also returned are `flow`, as a flow file has it, the `alignment` of frames with the crop, and the indices of onset
    (`start`) and apex (`top`). An apex is spotted with true onset and offset too, those two without any."""
    numbers, pictures = datasets.frame_reader(clip, home)
    tracked = {"frame": np.array(numbers), **faces.track(pictures, stages.faces, clip.id, clip.fps).arrays()}
    located = apex.locate(clip, tracked, stages.apex)
    events = {name: np.asarray(value) for name, value in located.arrays().items()}
    onset, top = (inputs.position(tracked, events, event) for event in ("onset", "apex"))
    grey = luma(tracked["crop"])
    intensities = regressor.regress(grey, onset, model, stages.aus.sizes)
    curves = filters.curves(intensities, onset, clip.fps, stages.aus)
    spotters = {spotter: stages.apex.model_copy(update={"spotter": spotter}) for spotter in apex.SPOTTERS}
    bounded = replace(clip, onset=int(truth["onset"]), apex=None, offset=int(truth["offset"]))
    spotted = apex.locate(replace(clip, onset=None, apex=None, offset=None), tracked, spotters["flow"])
    return {
        "frame": truth["frame"],
        "fps": clip.fps,
        "onset": truth["onset"],
        "offset": truth["offset"],
        "apex_true": truth["apex"],
        "detected": tracked["detected"],
        "landmarks_true": truth["landmarks"],
        "landmarks_found": tracked["landmarks"],
        "pose_true": truth["pose"],
        "pose_found": tracked["pose"],
        "action_unit": aus.ACTION_UNITS,
        "au_true": coded(truth["au_intensity"], display.ACTION_UNITS),
        "au_smoothed": curves["smoothed"],
        "au_change": intensities - intensities[onset],
        "au_relative": curves["relative"],
        **{f"apex_{name}": apex.locate(bounded, tracked, params).apex for name, params in spotters.items()},
        "onset_spotted": spotted.onset,
        "offset_spotted": spotted.offset,
        "flow": flow.clip_flow(grey, onset, top, stages.flow, face_regions.read_in_frame(tracked)),
        "alignment": faces.alignment(tracked["landmarks"][tracked["detected"]]),
        "start": onset,
        "top": top,
    }


def true_motion(
    planned: PlannedClip, face: Face, scene: corpus.Scene, seed: int, onset: int, top: int
) -> motion.Motion:
    """Return the movement by a clip's expression alone between two frames, with the head as at the onset.

    These are the frames that the flow stage was given, and any other movement is head motion, which that stage is to
    remove. A wrongly spotted apex thus is an error of apex, not of flow."""
    performer = corpus.performer_of(planned.clip, seed)
    performance = corpus.play(planned, performer, scene, seed)
    return motion.expression(
        face, performance.action_units[onset], performance.action_units[top], pose=performance.pose[onset],
        shift=performance.shift[onset], size=(scene.width, scene.height), zoom=performer.zoom,
    )  # fmt: skip


def flow_errors(
    estimate: np.ndarray, true: np.ndarray, skin: np.ndarray, landmarks: np.ndarray, alignment: np.ndarray
) -> dict[str, Any]:
    """Return sums over the visible skin of each region: pixels, end-point error, length of the true flow. `true` and
    `skin` are those of `on_crop`, `landmarks` [68, 2] the true ones of the onset in pixels of the frame."""
    size = estimate.shape[1]
    to_flow = flow_matrix(alignment, size)
    labels = face_regions.region_labels(landmarks @ to_flow[:, :2].T + to_flow[:, 2], size)
    masks = [skin & (labels == region) for region in range(len(face_regions.FLOW_REGIONS))]
    error, length = np.hypot(*(estimate[:2] - true)), np.hypot(*true)
    return {
        "region": face_regions.FLOW_REGIONS,
        "flow_pixels": [mask.sum() for mask in masks],
        "flow_error": [error[mask].sum() for mask in masks],
        "flow_length": [length[mask].sum() for mask in masks],
    }


def flow_matrix(matrix: np.ndarray, size: int) -> np.ndarray:
    """Return float64[2, 3]: from a frame's pixels to those of a flow of `size`, by way of the crop (`matrix`)."""
    scale = size / faces.CROP
    # Scaling keeps edges, and a pixel's centre lies half a pixel from its edge.
    return np.column_stack([scale * matrix[:, :2], scale * (matrix[:, 2] + 0.5) - 0.5])


def on_crop(movement: motion.Motion, matrix: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the true flow float32[2, size, size] in pixels of the crop, and bool[size, size] where skin is visible.
    `matrix` is the clip's alignment; it turns and scales both the positions and the vectors."""
    to_flow = flow_matrix(matrix, size)
    pixels = cv2.warpAffine(movement.pixels, to_flow, (size, size), flags=cv2.INTER_LINEAR)
    skin = cv2.warpAffine(movement.skin.astype(np.float32), to_flow, (size, size), flags=cv2.INTER_LINEAR)
    vectors = pixels @ matrix[:, :2].T.astype(np.float32)
    # interpolation mixes the motion with 0 where a neighbour is no skin
    return np.moveaxis(vectors, -1, 0), skin > 0.999
