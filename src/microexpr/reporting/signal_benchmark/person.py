"""One person of the benchmark: rendered to native files, read back through the signal stages, laid beside the truth.

What may not come in: figures. They are pooled over people, elsewhere.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from microexpr import datasets
from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.rendering import corpus, display, motion
from microexpr.rendering.face import Face
from microexpr.rendering.layout import Planned
from microexpr.signals import apex, aus, face_regions, faces, flow, inputs
from microexpr.signals.aus import filters, regressor

READ = [display.ACTION_UNITS.index(unit) for unit in aus.ACTION_UNITS]


@dataclass(frozen=True, slots=True)
class Stages:
    """The params of the stages that are measured."""

    faces: faces.Params
    apex: apex.Params
    flow: flow.Params
    aus: aus.Params

    @classmethod
    def of(cls, sections: Mapping[str, Mapping[str, Any]]) -> "Stages":
        """From the sections of params.yaml by their names."""
        return cls(
            # a clip in which a face is seldom found counts as such, where a run would leave it out
            faces.Params(**{**sections["faces"], "min_detected": 1e-9}),
            apex.Params(**sections["apex"]),
            flow.Params(**sections["flow"]),
            aus.Params(**sections["aus"]),
        )

    def sections(self) -> dict[str, dict[str, Any]]:
        """The inverse of `of`."""
        return {name: getattr(self, name).model_dump() for name in ("faces", "apex", "flow", "aus")}


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the stages say of one clip."""

    faces: dict[str, Any]  # as a faces file holds them
    events: dict[str, Any]  # as an apex file
    curves: dict[str, np.ndarray]  # as an aus file; and `change`, relative but not filtered
    flow: np.ndarray  # float32[3, size, size], as a flow file

    def position(self, event: str) -> int:
        return inputs.position(self.faces, self.events, event)

    @property
    def alignment(self) -> np.ndarray:
        """float64[2, 3]: from the frame's pixels to the crop's, as the faces stage found it."""
        return faces.alignment(self.faces["landmarks"][self.faces["detected"]])


def write(rows: list[Planned], scene: corpus.Scene, seed: int, stages: Stages, path: str | Path) -> None:
    """The measured file of one person. Frames and truth are made in a temporary folder and removed.

    Raises DataError where a stage would, StoreError when a disk is full.
    """
    clips, face = [one.clip for one in rows], Face(corpus.performer_of(rows[0].clip, seed).face_seed)
    model = regressor.load()
    with (
        TemporaryDirectory(prefix="microexpr-truth-") as home,
        store.subject_file(path, "measured", clips, generate=asdict(scene), **stages.sections()) as file,
    ):
        file.describe(difficulty=scene.difficulty)
        corpus.write_person(rows, scene, seed, home, Path(home) / "truth.h5")
        with store.opened(Path(home) / "truth.h5", "truth") as truth:
            for one in rows:
                found = read(one.clip, Path(home), stages, model)
                known = {name: truth[one.clip.name][name][()] for name in truth[one.clip.name]}
                true, skin = true_flow(one, face, scene, seed, found)
                at_onset = known["landmarks"][found.position("onset")]
                file.group(one.clip.name).put_all(
                    **compared(one.clip, known, found),
                    **spotted(one.clip, known, found, stages.apex),
                    **flow_errors(true, skin, at_onset, found),
                )


def read(clip: Clip, home: Path, stages: Stages, model: regressor.Model) -> Found:
    """A clip below `home` through faces, apex, aus and flow, each as its script calls it."""
    numbers, pictures = datasets.pictures(clip, home)
    seen = {"frame": np.array(numbers), **faces.track(pictures, stages.faces, clip.id, clip.fps).arrays()}
    events = apex.locate(clip, seen, stages.apex)
    written = {name: np.asarray(value) for name, value in events.arrays().items()}
    onset = inputs.position(seen, written, "onset")
    grey = luma(seen["crop"])
    values = regressor.regress(grey, seen["landmarks_crop"], onset, model, stages.aus.sizes)
    return Found(
        faces=seen,
        events=written,
        curves=filters.curves(values, onset, clip.fps, stages.aus) | {"change": filters.change_since(values, onset)},
        flow=flow.clip_flow(grey, onset, inputs.position(seen, written, "apex"), stages.flow),
    )


def compared(clip: Clip, known: Mapping[str, np.ndarray], found: Found) -> dict[str, Any]:
    """True and found values of one clip by the names of the measured file, but for the flow's."""
    return {
        "frame": known["frame"],
        "fps": clip.fps,
        "onset": known["onset"],
        "offset": known["offset"],
        "apex_true": known["apex"],
        "detected": found.faces["detected"],
        "landmarks_true": known["landmarks"],
        "landmarks_found": found.faces["landmarks"],
        "pose_true": known["pose"],
        "pose_found": found.faces["pose"],
        "au_names": aus.ACTION_UNITS,
        "au_true": known["au_intensity"][:, READ],
        "au_smoothed": found.curves["smoothed"],
        "au_change": found.curves["change"],
        "au_relative": found.curves["relative"],
    }


def spotted(clip: Clip, known: Mapping[str, np.ndarray], found: Found, params: apex.Params) -> dict[str, int]:
    """Events as either spotter has them, by the names of the measured file: the apex where onset and offset are known,
    and those where nothing is."""
    between = replace(clip, onset=int(known["onset"]), apex=None, offset=int(known["offset"]))
    tops = {
        f"apex_{spotter}": apex.locate(between, found.faces, params.model_copy(update={"spotter": spotter})).apex
        for spotter in apex.SPOTTERS
    }
    blank = replace(clip, onset=None, apex=None, offset=None)
    alone = apex.locate(blank, found.faces, params.model_copy(update={"spotter": "flow"}))
    return {**tops, "onset_spotted": alone.onset, "offset_spotted": alone.offset}


def flow_errors(true: np.ndarray, skin: np.ndarray, landmarks: np.ndarray, found: Found) -> dict[str, Any]:
    """Sums over the visible skin of each region: pixels, end-point error, length of the true flow.

    `true` and `skin` are those of `true_flow`, `landmarks` [68, 2] the true ones of the onset in pixels of the frame.
    """
    size = found.flow.shape[1]
    within = onto_flow(found.alignment, size)
    places = face_regions.region_labels(landmarks @ within[:, :2].T + within[:, 2], size)
    masks = [skin & (places == region) for region in range(len(face_regions.FLOW_REGIONS))]
    error, length = np.hypot(*(found.flow[:2] - true)), np.hypot(*true)
    return {
        "flow_regions": face_regions.FLOW_REGIONS,
        "flow_pixels": [mask.sum() for mask in masks],
        "flow_error": [error[mask].sum() for mask in masks],
        "flow_length": [length[mask].sum() for mask in masks],
    }


def true_flow(one: Planned, face: Face, scene: corpus.Scene, seed: int, found: Found) -> tuple[np.ndarray, np.ndarray]:
    """What `on_crop` gives for one clip's expression.

    The truth is what the expression alone moves between the two frames that the flow stage was given, the head held as
    at the onset: whatever else moves is head motion, which that stage is to take away. An apex that was spotted wrongly
    is thus an error of apex, not of flow.
    """
    performer = corpus.performer_of(one.clip, seed)
    played = corpus.play(one, performer, scene, seed)
    onset, top = found.position("onset"), found.position("apex")
    moved = motion.expression(
        face,
        played.action_units[onset],
        played.action_units[top],
        pose=played.pose[onset],
        shift=played.shift[onset],
        size=(scene.width, scene.height),
        zoom=performer.zoom,
    )
    return on_crop(moved, found.alignment, found.flow.shape[1])


def onto_flow(matrix: np.ndarray, size: int) -> np.ndarray:
    """float64[2, 3]: from a frame's pixels to those of a flow of `size`, by way of the crop's (`matrix`)."""
    scale = size / faces.CROP
    # A pixel's centre lies half a pixel from its edge, and edges are what scaling keeps.
    return np.column_stack([scale * matrix[:, :2], scale * (matrix[:, 2] + 0.5) - 0.5])


def on_crop(moved: motion.Motion, matrix: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The true flow as the flow stage gives it, float32[2, size, size] in pixels of the crop, and where skin is seen.

    `matrix` is the clip's alignment; it turns and scales both the places and the vectors.
    """
    within = onto_flow(matrix, size)
    pixels = cv2.warpAffine(moved.pixels, within, (size, size), flags=cv2.INTER_LINEAR)
    skin = cv2.warpAffine(moved.skin.astype(np.float32), within, (size, size), flags=cv2.INTER_LINEAR)
    turned = pixels @ matrix[:, :2].T.astype(np.float32)
    return np.moveaxis(turned, -1, 0), skin > 0.999  # where any pixel around is no skin, the motion is mixed with 0
