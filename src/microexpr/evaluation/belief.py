"""Measures of belief: how well an observer, trained on other subjects, tells synthesised from true faces or clips.

The observer sees each face next to the clip's offset frame, another picture of the subject at rest: next to the onset
frame, from which a face is synthesised, equal noise would give it away. Of a clip it sees some frames, next to the last
frame of the recorded clip that it starts from, which is none of them. Shapes: N faces, M of them and of true ones, U
subjects, images uint8[N, H, W, C], clips of K frames uint8[N, K, H, W, C]. Out of scope: how an observer is
trained.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip, Fold, join_origins
from microexpr.core.errors import StoreError
from microexpr.core.seeds import generator
from microexpr.evaluation import metrics
from microexpr.evaluation.faces import (
    HELD_OUT,
    NEUTRAL,
    SYNTHESISED,
    TRUE,
    Face,
    Faces,
    Figure,
    SynthesisedFaces,
    files_by_subject,
    scope_rows,
)
from microexpr.evaluation.rows import FULL, Row
from microexpr.protocols import GROUPINGS, Protocol, provenance
from microexpr.protocols.splits import subject_id
from microexpr.signals import inputs

METRIC = "belief_auc"
REGIONS = {"eyes": (0.0, 0.5), "cheeks": (0.5, 0.6875), "mouth": (0.6875, 1.0)}  # parts of a crop's height
FRAMES = 8  # of a clip that the observer sees
NO_TARGET = -1  # class of a recorded clip
# Subjects, pictures at rest, other pictures, whether these are true, seed -> the observer of each, scores by cell.
Observe = Callable[[Sequence[str], np.ndarray, np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]


def of_faces(
    faces: Faces, observe: Observe, resamples: int, seed: int, kinds_observed: Collection[str] = ()
) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv` with `belief_auc` and, by region, `belief_auc_*`.

    It is the share of pairs of a true and a synthesised face in which the observer takes the true one for more true,
    with its 95 % interval over subjects: 0.5 if it cannot tell them. Faces of their clip's own class are observed; of
    true faces one half is told from the other. `observe` is that of `training.observers`. `kinds_observed` are those
    with a row, () all."""
    own_faces, is_own = faces.of_kind(TRUE), faces.synthesised.is_own_class
    rest, true = np.stack([faces.true[face.clip.id].rest for face in own_faces]), faces.pairs[TRUE][:, 1]
    rows: list[Row] = []
    for kind, pairs in faces.pairs.items():
        if kinds_observed and kind not in kinds_observed:
            continue
        if kind == TRUE:
            face_of_picture, at_rest, pictures, is_true = own_faces, rest, true, _halves(len(own_faces), seed)
        else:
            face_of_picture, at_rest = [*own_faces, *own_faces], np.concatenate([rest, rest])
            pictures, is_true = np.concatenate([true, pairs[is_own, 1]]), np.arange(2 * len(own_faces)) < len(own_faces)
        rows += _rows(faces.synthesised, kind, face_of_picture, at_rest, pictures, is_true, observe, resamples, seed)
    return rows


def _halves(count: int, seed: int) -> np.ndarray:
    """Return a random half of true pictures, which is told from the other, bool[count]."""
    return np.asarray(generator(seed, "evaluate", METRIC, "halves").permutation(count) % 2 == 0)


def auc(score: np.ndarray, true: np.ndarray, group: np.ndarray, subjects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how often a true face has the higher score, and of how many pairs, each [U, U] by the subjects of both.

    A pair is of one observer's `group`, and equal scores count half. All are [M], `subjects` positions in U."""
    count = int(subjects.max()) + 1
    wins, pairs = np.zeros((count, count)), np.zeros((count, count))
    for number in np.unique(group):
        trues, others = (np.flatnonzero((group == number) & (true == kind)) for kind in (True, False))
        higher = score[trues][:, None] - score[others]
        where = np.ix_(subjects[trues], subjects[others])
        np.add.at(wins, where, (np.sign(higher) + 1) / 2)
        np.add.at(pairs, where, 1)
    return wins, pairs


def _rows(
    synthesised: SynthesisedFaces, kind: str, faces: Sequence[Face], rest: np.ndarray, pictures: np.ndarray,
    is_true: np.ndarray, observe: Observe, resamples: int, seed: int,
) -> Iterator[Row]:  # fmt: skip
    """Yield a row for the whole face and each region of one kind of face, and each scope."""
    group, scores = observe([subject_id(face.clip.id) for face in faces], rest, pictures, is_true, seed)
    datasets, cells = np.array([face.clip.dataset for face in faces]), scores.shape[1]
    for region, (start, end) in {"": (0.0, 1.0), **REGIONS}.items():
        score = scores[:, round(cells * start) : round(cells * end)].sum((1, 2))

        def figure(
            positions: np.ndarray, subjects: np.ndarray, rng: np.random.Generator, score: np.ndarray = score
        ) -> Figure:
            numbers = np.unique(subjects, return_inverse=True)[1]
            wins, pairs = auc(score[positions], is_true[positions], group[positions], numbers)
            count = len(wins)

            def share(weights: np.ndarray) -> np.ndarray:
                won, compared = (np.einsum("bu,uv,bv->b", weights, matrix, weights) for matrix in (wins, pairs))
                return np.divide(won, compared, out=np.full(len(won), 0.5), where=compared > 0)

            value = float(share(np.ones((1, count)))[0])
            resampled = share(metrics.resample_counts(count, resamples, rng))
            return value, *metrics.share_interval(value, resampled, share(1 - np.eye(count)))

        metric = f"{METRIC}_{region}" if region else METRIC
        columns = {"faces": kind, "metric": metric, "note": "by observers that were trained on other subjects"}
        for row in scope_rows(synthesised, faces, columns, figure, seed):
            within = (datasets == row["scope"]) | (row["scope"] == FULL)
            yield row | {"made": int((within & ~is_true).sum()), "true": int((within & is_true).sum())}


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


def read_clips(paths: Iterable[str], clips: Sequence[Clip], files: Iterable[str]) -> HeldOutClips:
    """Read the held-out clips of `results/synthesise/<generator>/groups/*.h5` and the recorded ones of their subjects.

    Of a recorded clip K frames at equal distances in time are read. `files` are
    results/{faces,apex}/<dataset>/<subject>.h5. Raises LeakError for a subject who trained the generator, StoreError
    for files of several generators or without a clip."""
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
        count, height, width, channels = crops[0].shape
        by_subject = files_by_subject(((clip.dataset, clip.subject) for clip in test), stage_files)
        for subject, subject_files in by_subject.items():
            of_subject = [clip for clip in test if (clip.dataset, clip.subject) == subject]
            shapes = {"video": (channels, count, height, width)}
            videos = inputs.load(shapes, subject_files, [clip.name for clip in of_subject])["video"]
            for clip, frames in zip(of_subject, np.moveaxis(videos, 1, -1), strict=True):
                recorded_clips[clip.id] = Film(Face(clip, fold, NO_TARGET, frames[[0, 0]]), frames)
        origins |= {entry.split("/")[0] for entry in fitted_on} | {clip.origin for clip in test}
    if len(generators) != 1 or not synthetic_clips:
        raise StoreError(f"{', '.join(paths)}: must have clips of held-out subjects of one generator")
    name, _ = generators.pop()
    return HeldOutClips(name, grouping, join_origins(origins), synthetic_clips, recorded_clips)


def of_clips(clips: HeldOutClips, observe: Observe, resamples: int, seed: int) -> list[Row]:
    """Return rows as `of_faces` does, of synthesised clips, of stills of their first frames, of recorded ones.

    Of recorded clips one half is told from the other."""
    synthetic_clips, recorded_clips = clips.synthetic_clips, list(clips.recorded_clips.values())
    faces = [film.face for film in synthetic_clips]
    synthesised = SynthesisedFaces(clips.generator, clips.grouping, clips.origin, faces)
    stills = [Film(film.face, np.broadcast_to(film.frames[:1], film.frames.shape)) for film in synthetic_clips]
    rows: list[Row] = []
    for kind, others in {SYNTHESISED: synthetic_clips, NEUTRAL: stills, TRUE: []}.items():
        films = [*recorded_clips, *others]
        is_true = _halves(len(films), seed) if kind == TRUE else np.arange(len(films)) < len(recorded_clips)
        positions = np.linspace(0, len(films[0].frames) - 2, FRAMES).round().astype(int)
        rest = np.stack([clips.recorded_clips[film.face.clip.id].frames[-1] for film in films])
        pictures, face_of_picture = np.stack([film.frames[positions] for film in films]), [film.face for film in films]
        rows += _rows(synthesised, kind, face_of_picture, rest, pictures, is_true, observe, resamples, seed)
    return rows
