"""One subject of the benchmark: rendered to native files, read by the signal stages, paired with the ground truth.

Out of scope: figures. They are pooled over subjects by `pool`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from pydantic import BaseModel

from microexpr import datasets
from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.rendering import corpus, display, motion
from microexpr.rendering.face import Face
from microexpr.rendering.layout import PlannedClip
from microexpr.signals import apex, aus, face_regions, faces, flow, frame_edges, inputs
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


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Results of the stages for one clip."""

    faces: dict[str, Any]  # as a faces file holds them
    events: dict[str, Any]  # as an apex file
    curves: dict[str, np.ndarray]  # as an aus file; and `change`, relative but not filtered
    flow: np.ndarray  # float32[3, size, size], as a flow file

    def position(self, event: str) -> int:
        """Return the index of an event's frame."""
        return inputs.position(self.faces, self.events, event)

    @property
    def alignment(self) -> np.ndarray:
        """float64[2, 3]: from the frame's pixels to the crop's, as estimated by the faces stage."""
        return faces.alignment(self.faces["landmarks"][self.faces["detected"]])


def write(rows: list[PlannedClip], scene: corpus.Scene, seed: int, stages: Stages, path: str | Path) -> None:
    """Write the measured file of one subject. Frames and ground truth are made in a temporary folder and removed.

    Raises DataError where a stage would, StoreError when a disk is full.
    """
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
                clip, group = planned.clip, truth_file[planned.clip.name]
                signals = run_stages(clip, Path(home), stages, model)
                ground_truth = {name: group[name][()] for name in group}
                flow_true, skin = true_flow(planned, face, scene, seed, signals)
                file.group(clip.name).put_all(
                    frame=ground_truth["frame"],
                    fps=clip.fps,
                    onset=ground_truth["onset"],
                    offset=ground_truth["offset"],
                    apex_true=ground_truth["apex"],
                    detected=signals.faces["detected"],
                    landmarks_true=ground_truth["landmarks"],
                    landmarks_found=signals.faces["landmarks"],
                    pose_true=ground_truth["pose"],
                    pose_found=signals.faces["pose"],
                    action_unit=aus.ACTION_UNITS,
                    au_true=coded(ground_truth["au_intensity"], display.ACTION_UNITS),
                    au_smoothed=signals.curves["smoothed"],
                    au_change=signals.curves["change"],
                    au_relative=signals.curves["relative"],
                    **spot_events(clip, ground_truth, signals, stages.apex),
                    **flow_errors(flow_true, skin, ground_truth["landmarks"][signals.position("onset")], signals),
                )


def run_stages(clip: Clip, home: Path, stages: Stages, model: regressor.Model) -> Signals:
    """Run faces, apex, aus and flow on a clip below `home`, each as its script does."""
    numbers, pictures = datasets.frame_reader(clip, home)
    face = {"frame": np.array(numbers), **faces.track(pictures, stages.faces, clip.id, clip.fps).arrays()}
    located = apex.locate(clip, face, stages.apex)
    events = {name: np.asarray(value) for name, value in located.arrays().items()}
    onset = inputs.position(face, events, "onset")
    grey = luma(face["crop"])
    values = regressor.regress(grey, onset, model, stages.aus.sizes)
    return Signals(
        faces=face,
        events=events,
        curves=filters.curves(values, onset, clip.fps, stages.aus) | {"change": values - values[onset]},
        flow=flow.clip_flow(grey, onset, inputs.position(face, events, "apex"), stages.flow, frame_edges.read(face)),
    )


def spot_events(
    clip: Clip, ground_truth: Mapping[str, np.ndarray], signals: Signals, params: apex.Params
) -> dict[str, int]:
    """Spot events, by the names of the measured file: the apex with true onset and offset, those two without any."""
    without_apex = replace(clip, onset=int(ground_truth["onset"]), apex=None, offset=int(ground_truth["offset"]))
    apexes = {
        f"apex_{spotter}": apex.locate(without_apex, signals.faces, params.model_copy(update={"spotter": spotter})).apex
        for spotter in apex.SPOTTERS
    }
    without_events = replace(clip, onset=None, apex=None, offset=None)
    events = apex.locate(without_events, signals.faces, params.model_copy(update={"spotter": "flow"}))
    return {**apexes, "onset_spotted": events.onset, "offset_spotted": events.offset}


def flow_errors(true: np.ndarray, skin: np.ndarray, landmarks: np.ndarray, signals: Signals) -> dict[str, Any]:
    """Return sums over the visible skin of each region: pixels, end-point error, length of the true flow.

    `true` and `skin` are those of `true_flow`, `landmarks` [68, 2] the true ones of the onset in pixels of the frame.
    """
    size = signals.flow.shape[1]
    to_flow = flow_matrix(signals.alignment, size)
    labels = face_regions.region_labels(landmarks @ to_flow[:, :2].T + to_flow[:, 2], size)
    masks = [skin & (labels == region) for region in range(len(face_regions.FLOW_REGIONS))]
    error, length = np.hypot(*(signals.flow[:2] - true)), np.hypot(*true)
    return {
        "region": face_regions.FLOW_REGIONS,
        "flow_pixels": [mask.sum() for mask in masks],
        "flow_error": [error[mask].sum() for mask in masks],
        "flow_length": [length[mask].sum() for mask in masks],
    }


def true_flow(
    planned: PlannedClip, face: Face, scene: corpus.Scene, seed: int, signals: Signals
) -> tuple[np.ndarray, np.ndarray]:
    """Return true flow and skin of one clip's expression, as `on_crop` does.

    The true flow is the movement by the expression alone between the two frames that the flow stage was given, with the
    head as at the onset: any other movement is head motion, which that stage is to remove. A wrongly spotted apex thus
    is an error of apex, not of flow.
    """
    performer = corpus.performer_of(planned.clip, seed)
    performance = corpus.play(planned, performer, scene, seed)
    onset, apex_position = signals.position("onset"), signals.position("apex")
    movement = motion.expression(
        face,
        performance.action_units[onset],
        performance.action_units[apex_position],
        pose=performance.pose[onset],
        shift=performance.shift[onset],
        size=(scene.width, scene.height),
        zoom=performer.zoom,
    )
    return on_crop(movement, signals.alignment, signals.flow.shape[1])


def flow_matrix(matrix: np.ndarray, size: int) -> np.ndarray:
    """Return float64[2, 3]: from a frame's pixels to those of a flow of `size`, by way of the crop (`matrix`)."""
    scale = size / faces.CROP
    # Scaling keeps edges, and a pixel's centre lies half a pixel from its edge.
    return np.column_stack([scale * matrix[:, :2], scale * (matrix[:, 2] + 0.5) - 0.5])


def on_crop(movement: motion.Motion, matrix: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the true flow float32[2, size, size] in pixels of the crop, and bool[size, size] where skin is visible.

    `matrix` is the clip's alignment; it turns and scales both the positions and the vectors.
    """
    to_flow = flow_matrix(matrix, size)
    pixels = cv2.warpAffine(movement.pixels, to_flow, (size, size), flags=cv2.INTER_LINEAR)
    skin = cv2.warpAffine(movement.skin.astype(np.float32), to_flow, (size, size), flags=cv2.INTER_LINEAR)
    vectors = pixels @ matrix[:, :2].T.astype(np.float32)
    # interpolation mixes the motion with 0 where a neighbour is no skin
    return np.moveaxis(vectors, -1, 0), skin > 0.999
