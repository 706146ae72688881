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
from microexpr.evaluation import read_back
from microexpr.evaluation.faces import NEUTRAL, SYNTHESISED, TRUE, Face, Faces, Film, SynthesisedFaces, scope_rows
from microexpr.evaluation.metrics import intervals
from microexpr.evaluation.rows import Row
from microexpr.protocols import GROUPINGS, Protocol
from microexpr.protocols.splits import subject_id
from microexpr.signals import inputs

METRIC = "belief_auc"
REGIONS = {"eyes": (0.0, 0.5), "cheeks": (0.5, 0.6875), "mouth": (0.6875, 1.0)}  # parts of a crop's height
FRAMES = 8  # of a clip that the observer sees
# Subjects, pictures at rest, other pictures, whether these are true, seed -> the observer of each, scores by cell.
Observe = Callable[[Sequence[str], np.ndarray, np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]
Views = tuple[Sequence[Face | Film], np.ndarray, np.ndarray]  # of one kind, with pictures at rest, and other pictures


def of_faces(
    faces: Faces, observe: Observe, resamples: int, seed: int, kinds_observed: Collection[str] = ()
) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv` with `belief_auc` and, by region, `belief_auc_*`.

    It is the share of pairs of a true and a synthesised face in which the observer takes the true one for more true,
    with its 95 % interval over subjects: 0.5 if it cannot tell them. Faces of their clip's own class are observed; of
    true faces one half is told from the other. `observe` is that of `training.observers`. `kinds_observed` are those
    with a row, () all."""
    own_faces, is_own = faces.of_kind(TRUE), faces.synthesised.is_own_class
    rest = np.stack([faces.true[face.clip.id].rest for face in own_faces])
    by_kind = {
        kind: (own_faces, rest, pairs[:, 1] if kind == TRUE else pairs[is_own, 1])
        for kind, pairs in faces.pairs.items()
    }
    return list(_rows(faces.synthesised, by_kind, kinds_observed or by_kind, observe, resamples, seed))


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
    synthesised: SynthesisedFaces, by_kind: Mapping[str, Views], kinds_observed: Collection[str], observe: Observe,
    resamples: int, seed: int,
) -> Iterator[Row]:  # fmt: skip
    """Yield a row of each kind, told from true ones, for the whole face and each region, and each scope.

    Of true ones a random half is told from the other."""
    for kind, views in by_kind.items():
        if kind not in kinds_observed:
            continue
        parts = [by_kind[TRUE], *[views] * (kind != TRUE)]
        faces = [face for part, *_ in parts for face in part]
        rest, pictures = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
        is_true = np.arange(len(faces)) < len(parts[0][0])
        if kind == TRUE:
            is_true = generator(seed, "evaluate", METRIC, "halves").permutation(len(faces)) % 2 == 0
        group, scores = observe([subject_id(face.clip.id) for face in faces], rest, pictures, is_true, seed)
        cells = scores.shape[1]
        for region, (start, end) in {"": (0.0, 1.0), **REGIONS}.items():
            score = scores[:, round(cells * start) : round(cells * end)].sum((1, 2))
            metric = f"{METRIC}_{region}" if region else METRIC
            columns = {"faces": kind, "metric": metric, "note": "by observers that were trained on other subjects"}
            for row, positions, subjects, rng in scope_rows(synthesised, faces, columns, seed):
                truth, numbers = is_true[positions], np.unique(subjects, return_inverse=True)[1]
                wins_and_pairs = auc(score[positions], truth, group[positions], numbers)
                count = int(numbers.max()) + 1
                value = float(_share(np.ones((1, count)), *wins_and_pairs)[0])
                resampled = _share(intervals.resample_counts(count, resamples, rng), *wins_and_pairs)
                low, high = intervals.share_interval(value, resampled, _share(1 - np.eye(count), *wins_and_pairs))
                counts = {"made": int((~truth).sum()), "true": int(truth.sum())}
                yield row | counts | {"value": value, "low": low, "high": high}


def _share(times: np.ndarray, wins: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return the share of pairs that are won, [B], if each subject occurs `times` [B, U]; 0.5 without a pair."""
    won, compared = (np.einsum("bu,uv,bv->b", times, matrix, times) for matrix in (wins, pairs))
    return np.divide(won, compared, out=np.full(len(won), 0.5), where=compared > 0)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutClips:
    """Clips that one generator synthesised from subjects who did not train it, and these subjects' recorded ones."""

    generator: str
    grouping: Protocol
    origin: str
    synthetic_clips: Sequence[Film]
    recorded_clips: Mapping[str, Film]  # by id


def read_clips(paths: Iterable[str], clips: Sequence[Clip], files: inputs.Files) -> HeldOutClips:
    """Read the held-out clips of `results/synthesise/<generator>/groups/*.h5` and the recorded ones of their subjects.

    Of a recorded clip K frames at equal distances in time are read. `files` have stages faces and apex. Raises
    LeakError for a subject who trained the generator, StoreError for files of several generators or without a clip."""
    paths = sorted(paths)
    synthetic_clips: list[Film] = []
    recorded_clips: dict[str, Film] = {}
    generators, origins = set(), set()
    for path in paths:
        with store.open_file(path, "synth") as file:
            generators.add((file.attrs["method"].decode(), file.attrs["protocol"].decode()))
            training_data = store.strings(file["fitted_on"])
        synthesised = read_back.read(path, clips, files)
        subjects = {subject_id(clip.source.id) for clip in synthesised}
        test = [clip for clip in clips if subject_id(clip.id) in subjects]
        fold = Fold(Path(path).stem, (), tuple(clip.id for clip in test))
        synthetic_clips += [Film(clip.source, fold, clip.frames) for clip in synthesised]
        count, height, width, channels = synthesised[0].frames.shape
        by_subject = inputs.subject_files(files, ("faces", "apex"), ((clip.dataset, clip.subject) for clip in test))
        for subject, subject_files in by_subject.items():
            of_subject = [clip for clip in test if (clip.dataset, clip.subject) == subject]
            shapes = {"video": (channels, count, height, width)}
            videos = inputs.load(shapes, subject_files, [clip.name for clip in of_subject])["video"]
            for clip, frames in zip(of_subject, np.moveaxis(videos, 1, -1), strict=True):
                recorded_clips[clip.id] = Film(clip, fold, frames)
        origins |= {entry.split("/")[0] for entry in training_data} | {clip.origin for clip in test}
    if len(generators) != 1 or not synthetic_clips:
        raise StoreError(f"{', '.join(paths)}: must have clips of held-out subjects of one generator")
    name, grouping = generators.pop()
    return HeldOutClips(name, GROUPINGS[grouping], join_origins(origins), synthetic_clips, recorded_clips)


def of_clips(clips: HeldOutClips, observe: Observe, resamples: int, seed: int) -> list[Row]:
    """Return rows as `of_faces` does, of synthesised clips, of stills of their first frames, of recorded ones."""
    synthetic_clips, recorded_clips = clips.synthetic_clips, list(clips.recorded_clips.values())
    positions = np.linspace(0, len(recorded_clips[0].frames) - 2, FRAMES).round().astype(int)
    by_kind = dict[str, Views]()
    for kind, films in {SYNTHESISED: synthetic_clips, NEUTRAL: synthetic_clips, TRUE: recorded_clips}.items():
        chosen = np.zeros_like(positions) if kind == NEUTRAL else positions
        rest = np.stack([clips.recorded_clips[film.clip.id].frames[-1] for film in films])
        by_kind[kind] = films, rest, np.stack([film.frames[chosen] for film in films])
    synthesised = SynthesisedFaces(clips.generator, clips.grouping, clips.origin, [])
    return list(_rows(synthesised, by_kind, by_kind, observe, resamples, seed))
