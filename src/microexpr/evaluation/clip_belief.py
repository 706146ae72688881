"""How well an observer, trained on other subjects, tells the clips of a generator from recorded ones.

As `belief` does for apex frames, with some frames of a clip in place of one. The picture at rest is the last frame of
the recorded clip that a clip starts from; it is none of the frames. Shapes: N clips of K frames uint8[N, K, H, W, C].
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import seeds, store
from microexpr.core.clip import Clip, Fold, join_origins
from microexpr.core.errors import StoreError
from microexpr.evaluation.belief import METRIC, REGIONS, Observe, observe_faces, region_rows
from microexpr.evaluation.face_kinds import NEUTRAL, SYNTHESISED, TRUE
from microexpr.evaluation.rows import Row
from microexpr.evaluation.synthesised_faces import HELD_OUT, Face, SynthesisedFaces
from microexpr.evaluation.true_faces import files_by_subject
from microexpr.protocols import GROUPINGS, Protocol, provenance
from microexpr.protocols.splits import subject_id
from microexpr.signals import inputs

FRAMES = 8  # of a clip that the observer sees
UNASKED = -1  # class of a face that nobody asked for


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """The frames of a synthesised or recorded clip, and as a face the recorded clip that it starts from."""

    face: Face  # its pair is the first frame twice
    frames: np.ndarray  # uint8[K, H, W, C]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutClips:
    """Clips that one generator synthesised from subjects who did not train it, and these subjects' recorded ones."""

    generator: str
    grouping: Protocol
    origin: str
    synthetic_clips: Sequence[Film]
    recorded_clips: Mapping[str, Film]  # by id


def read(paths: Iterable[str], clips: Sequence[Clip], files: Iterable[str]) -> HeldOutClips:
    """Read the held-out clips of `results/synthesise/<generator>/groups/*.h5` and the recorded ones of their subjects.

    `files` are results/{faces,apex}/<dataset>/<subject>.h5. Raises LeakError for a subject who trained the generator,
    StoreError for files of several generators or without a clip."""
    paths, stage_files = sorted(paths), list(files)
    by_provenance = {clip.provenance: clip for clip in clips}
    synthetic_clips: list[Film] = []
    recorded_clips: dict[str, Film] = {}
    generators, origins = set(), set()
    for path in paths:
        with store.open_file(path, "synth") as file:
            generators.add((file.attrs["method"].decode(), file.attrs["protocol"].decode()))
            fitted_on, groups = store.strings(file["fitted_on"]), list(file[HELD_OUT].values())
            sources = [by_provenance[store.strings(group["source"])[0]] for group in groups]
            labels, crops = ([group[name][()] for group in groups] for name in ("label", "crop"))
            grouping = GROUPINGS[file.attrs["protocol"].decode()]
        subjects = {subject_id(clip.id) for clip in sources}
        test = [clip for clip in clips if subject_id(clip.id) in subjects]
        fold = Fold(Path(path).stem, (), tuple(clip.id for clip in test))
        provenance.check(path, fold.name, grouping.unit, test, fitted_on)
        synthetic_clips += [
            Film(Face(clip, fold, int(label), crop[[0, 0]]), crop)
            for clip, label, crop in zip(sources, labels, crops, strict=True)
        ]
        for clip, frames in _read_recorded(test, stage_files, crops[0].shape):
            recorded_clips[clip.id] = Film(Face(clip, fold, UNASKED, frames[[0, 0]]), frames)
        origins |= {entry.split("/")[0] for entry in fitted_on} | {clip.origin for clip in test}
    if len(generators) != 1 or not synthetic_clips:
        raise StoreError(f"{', '.join(paths)}: must have clips of held-out subjects of one generator")
    name, _ = generators.pop()
    return HeldOutClips(name, grouping, join_origins(origins), synthetic_clips, recorded_clips)


def _read_recorded(
    clips: Sequence[Clip], files: Sequence[str], shape: tuple[int, ...]
) -> Iterator[tuple[Clip, np.ndarray]]:
    """Yield each recorded clip with K frames at equal distances in time, of `shape` [K, H, W, C]."""
    count, height, width, channels = shape
    for subject, paths in files_by_subject(((clip.dataset, clip.subject) for clip in clips), files).items():
        of_subject = [clip for clip in clips if (clip.dataset, clip.subject) == subject]
        names = [clip.name for clip in of_subject]
        videos = inputs.load({"video": (channels, count, height, width)}, paths, names)["video"]
        yield from zip(of_subject, np.moveaxis(videos, 1, -1), strict=True)


def evaluate(clips: HeldOutClips, observe: Observe, resamples: int, seed: int) -> list[Row]:
    """Return rows as `belief.evaluate` does, of synthesised clips, of stills of their first frames, of recorded ones.

    Of recorded clips one half is told from the other."""
    synthetic_clips, recorded_clips = clips.synthetic_clips, list(clips.recorded_clips.values())
    faces = [film.face for film in synthetic_clips]
    synthesised = SynthesisedFaces(clips.generator, clips.grouping, clips.origin, faces)
    stills = [Film(film.face, np.broadcast_to(film.frames[:1], film.frames.shape)) for film in synthetic_clips]
    rows: list[Row] = []
    for kind, others in {SYNTHESISED: synthetic_clips, NEUTRAL: stills, TRUE: []}.items():
        films = [*recorded_clips, *others]
        is_true = np.arange(len(films)) < len(recorded_clips)
        if kind == TRUE:
            is_true = seeds.generator(seed, "evaluate", METRIC, "halves").permutation(len(films)) % 2 == 0
        positions = np.linspace(0, len(films[0].frames) - 2, FRAMES).round().astype(int)
        rest = np.stack([clips.recorded_clips[film.face.clip.id].frames[-1] for film in films])
        pictures = np.stack([film.frames[positions] for film in films])
        observed = observe_faces([film.face for film in films], rest, pictures, is_true, observe, seed)
        for region in ("", *REGIONS):
            rows += region_rows(synthesised, kind, region, observed, resamples, seed)
    return rows
