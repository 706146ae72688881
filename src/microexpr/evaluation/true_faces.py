"""Read the frames and landmarks of true clips that synthesised faces are compared with. Reads through the store.

What may not come in: a synthesised face.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import StoreError
from microexpr.signals import inputs

EVENTS = ("onset", "apex")
REST = "offset"  # another picture of the subject at rest


@dataclass(frozen=True, slots=True, eq=False)
class TrueFace:
    """Frames of a clip, and their landmarks."""

    clip: Clip
    pair: np.ndarray  # uint8[2, H, W, C]: onset and apex, of the synthesised faces' size and colour
    rest: np.ndarray  # uint8[H, W, C]: the offset, of the same size
    landmarks: dict[str, np.ndarray]  # float32[68, 2] by event, pixels of the crop
    crop_size: int  # pixels of the crop

    @property
    def apex(self) -> np.ndarray:
        """Return the frame at the apex, uint8[H, W, C]."""
        frame: np.ndarray = self.pair[1]
        return frame


def read(clips: Iterable[Clip], files: Iterable[str | Path], shape: tuple[int, ...]) -> dict[str, TrueFace]:
    """Return the true face of each clip by id, with images of `shape` [H, W, C].

    `files` are results/{faces,apex}/<dataset>/<subject>.h5. Raises StoreError if one of a subject's files is not among
    them.
    """
    height, width, channels = shape
    shapes = dict.fromkeys((*EVENTS, REST), (channels, height, width))
    clips_by_subject: dict[tuple[str, str], dict[str, Clip]] = {}
    for clip in clips:
        clips_by_subject.setdefault((clip.dataset, clip.subject), {})[clip.name] = clip
    paths_by_subject = files_by_subject(clips_by_subject, files)
    faces_by_id = {}
    for subject, paths in paths_by_subject.items():
        names = sorted(clips_by_subject[subject])
        frames = inputs.load(shapes, paths, names)
        pairs = np.stack([frames[event] for event in EVENTS], 1).transpose(0, 1, 3, 4, 2)
        with store.open_file(paths["faces"], "faces") as faces, store.open_file(paths["apex"], "apex") as events:
            for name, pair, rest in zip(names, pairs, frames[REST].transpose(0, 2, 3, 1), strict=True):
                group, clip = faces[name], clips_by_subject[subject][name]
                positions = {event: inputs.position(group, events[name], event) for event in EVENTS}
                points = {event: group["landmarks_crop"][position] for event, position in positions.items()}
                faces_by_id[clip.id] = TrueFace(clip, pair, rest, points, group["crop"].shape[1])
    return faces_by_id


def files_by_subject(
    subjects: Iterable[tuple[str, str]], files: Iterable[str | Path]
) -> dict[tuple[str, str], dict[str, Path]]:
    """Return results/{faces,apex}/<dataset>/<subject>.h5 by stage noun, of each data set and subject, in order.

    Raises StoreError if one of them is not among `files`."""
    paths_by_subject: dict[tuple[str, str], dict[str, Path]] = {subject: {} for subject in sorted(subjects)}
    for path in map(Path, files):
        if (subject := (path.parts[-2], path.stem)) in paths_by_subject:
            paths_by_subject[subject][path.parts[-3]] = path
    for subject, paths in paths_by_subject.items():
        if missing := sorted({"faces", "apex"} - paths.keys()):
            raise StoreError(f"results/{missing[0]}/{'/'.join(subject)}.h5 must be among the files of true faces")
    return paths_by_subject
