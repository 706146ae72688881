"""Read synthesised clips of held-out subjects, and action units back from them; how steady their frames are.

The embedded reader of action units is fitted on other subjects. Out of scope: clips synthesised for training.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.core.clip import Clip
from microexpr.core.errors import StoreError
from microexpr.evaluation.faces import HELD_OUT, enlarge
from microexpr.protocols import provenance
from microexpr.signals.aus import SIDES, regressor
from microexpr.signals.inputs import Files, subject_files

MIN_RANGE = 0.1  # FACS intensity: units with less variation of targets over all frames have no target


@dataclass(frozen=True, slots=True, eq=False)
class SynthesisedClip:
    """One synthesised clip of a subject outside its generator's training set."""

    source: Clip  # with the neutral face that it starts from
    emotion: str
    frames: np.ndarray  # uint8[K, H, W, C]
    target_aus: np.ndarray  # float32[K, 17], FACS 0..5, both sides together
    crop_size: int  # pixels of the neutral face's crop

    def read_intensities(self, model: regressor.Model) -> np.ndarray:
        """Return the intensities read off the frames, float32[K, 17]."""
        crops = luma(enlarge(self.frames, self.crop_size))
        return regressor.regress(crops, 0, model)[:, :, SIDES.index("both")]


def read(path: str | Path, clips: Iterable[Clip], files: Files) -> list[SynthesisedClip]:
    """Read the clips in a file of the synth stage, sorted by name.

    Of `files` those of stage faces are read. Raises LeakError where the generator was
    trained on the subject that it shows, StoreError for a clip that is not in the index.
    """
    clips_by_provenance = {clip.provenance: clip for clip in clips}
    paths = subject_files(files, ["faces"], ((clip.dataset, clip.subject) for clip in clips_by_provenance.values()))
    training_data = provenance.read_fitted_on(path, [HELD_OUT])[HELD_OUT]
    synthesised_clips = []
    with store.open_file(path, "synth") as file:
        emotions = file.attrs["classes"].decode().split(", ")
        for name, group in sorted(file[HELD_OUT].items()):
            (source,) = store.strings(group["source"])
            if source not in clips_by_provenance:
                raise StoreError(f"{path}: {name} must be made from a clip of the index, not from {source}")
            clip = clips_by_provenance[source]
            provenance.check(str(path), name, "subject", [clip], training_data)
            with store.open_file(paths[clip.dataset, clip.subject]["faces"], "faces") as faces:
                side = int(faces[clip.name]["crop"].shape[1])
            emotion, target_aus = emotions[group["label"][()]], group["au_asked"][()].mean(-1)
            synthesised_clips.append(SynthesisedClip(clip, emotion, group["crop"][()], target_aus, side))
    return synthesised_clips


def roughness(frames: np.ndarray) -> float:
    """Return the mean change of the change from frame to frame over the mean change, of frames [K, ...].

    It is 0 for steady movement and for fewer than three frames.
    """
    if len(frames) < 3:
        return 0.0
    steps = np.diff(frames.astype(np.float64), axis=0)
    change = np.abs(steps).mean()
    return float(np.abs(np.diff(steps, axis=0)).mean() / change) if change else 0.0
