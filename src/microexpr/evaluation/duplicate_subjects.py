"""Find subjects who seem to be in the data twice, by face embeddings. Knows no protocol and refuses nothing.

A subject who is in two data sets, or twice in one, is trained on while held out. Names do not reveal that; faces do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import dlib
import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.spatial import KDTree

from microexpr.core import store
from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import StoreError
from microexpr.signals.faces import detection
from microexpr.signals.landmarks import face_box

SIZE = 128  # numbers in an embedding
# Distance below which two faces count as one person's. Licensed: face_recognition's own, for photographs.
# Generated: rendered subjects resemble each other more (docs/measured.md).
THRESHOLDS: dict[Origin, float] = {"licensed": 0.6, "generated": 0.3}


class Params(BaseModel):
    """Section `duplicate_subjects` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    faces: int = Field(
        4, ge=1, le=1000, description="frames of each subject, each of another clip, whose embeddings are averaged"
    )
    licensed: float = Field(
        THRESHOLDS["licensed"], gt=0, le=2, description="distance below which two licensed subjects are a pair"
    )
    generated: float = Field(
        THRESHOLDS["generated"], gt=0, le=2, description="distance below which two generated subjects are a pair"
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """Two subjects who look like one person."""

    dataset_a: str
    subject_a: str
    dataset_b: str
    subject_b: str
    distance: float  # between their mean embeddings


def embeddings(crops: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return embeddings float64[N, 128] of crops uint8[N, H, W, C], RGB or grey, with their landmarks [N, 68, 2].

    dlib's face recognition network, as face_recognition calls it: each face is first cut by its eyes and nose to 150 x
    150. The embedding of a face does not depend on those before it.
    """
    vectors = []
    for crop, points in zip(crops, landmarks, strict=True):
        colour, box = np.ascontiguousarray(np.broadcast_to(crop, (*crop.shape[:2], 3))), face_box(points)
        left, top = (round(float(centre - box.side / 2)) for centre in box.centre)
        rectangle = dlib.rectangle(left, top, left + round(box.side) - 1, top + round(box.side) - 1)
        face = dlib.full_object_detection(rectangle, [dlib.point(round(float(x)), round(float(y))) for x, y in points])
        vectors.append(np.array(detection.encoder().compute_face_descriptor(colour, face)))
    return np.array(vectors).reshape(-1, SIZE)


def subject_embeddings(path: str | Path, clips: Sequence[Clip], max_faces: int = 4) -> np.ndarray:
    """Return embeddings [n, 128] of the first frames of the first `max_faces` clips in a subject's faces file."""
    with store.open_file(path, "faces") as file:
        groups = [file[clip.name] for clip in store.retained_clips(file, clips)[:max_faces]]
        crops, landmarks = ([group[key][0] for group in groups] for key in ("crop", "landmarks_crop"))
    return embeddings(np.array(crops), np.array(landmarks))


def find_duplicates(embeddings: Mapping[tuple[str, str], np.ndarray], threshold: float) -> list[Pair]:
    """Return pairs of different subjects nearer than `threshold`, within and across data sets, the nearest first.

    `embeddings` are [n, 128] of each (dataset, subject), who is represented by their mean; subjects without any are
    left out. A pair is a reason to look, not a proof.
    """
    means = {subject: vectors.mean(0) for subject, vectors in sorted(embeddings.items()) if len(vectors)}
    subjects, points = list(means), np.reshape([*means.values()], (-1, SIZE))
    near: list[tuple[int, int]] = sorted(KDTree(points).query_pairs(threshold))
    pairs = [Pair(*subjects[a], *subjects[b], float(np.linalg.norm(points[a] - points[b]))) for a, b in near]
    return sorted((pair for pair in pairs if pair.distance < threshold), key=lambda pair: pair.distance)


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of the subjects compared, and the pairs found. Licensed and generated subjects are never compared."""

    compared: list[dict[str, str | int]]  # a row for each data set, with `COMPARED`
    pairs: list[tuple[Origin, Pair]]  # the nearest of each origin first


PAIR = ("origin", *(field.name for field in fields(Pair)))
# How many subjects and faces of each data set were compared, and below which distance they count.
COMPARED = ("origin", "dataset", "subjects", "faces", "threshold")


def report(clips: Iterable[Clip], files: Iterable[str | Path], params: Params) -> Report:
    """Compare all subjects of these clips that have the same origin.

    `files` are results/faces/<dataset>/<subject>.h5. Raises StoreError if one of a subject's is not among them.
    """
    paths = {Path(path).parts[-2:]: path for path in files}
    clips_by_subject: dict[tuple[Origin, str, str], list[Clip]] = {}
    for clip in clips:
        clips_by_subject.setdefault((clip.origin, clip.dataset, clip.subject), []).append(clip)
    subjects: dict[Origin, dict[tuple[str, str], np.ndarray]] = {}
    for (origin, dataset, subject), subject_clips in sorted(clips_by_subject.items()):
        if (dataset, f"{subject}.h5") not in paths:
            raise StoreError(f"results/faces/{dataset}/{subject}.h5 must be among the faces files")
        vectors = subject_embeddings(paths[dataset, f"{subject}.h5"], subject_clips, params.faces)
        subjects.setdefault(origin, {})[dataset, subject] = vectors
    limits: dict[Origin, float] = {"licensed": params.licensed, "generated": params.generated}
    rows: list[dict[str, str | int]] = []
    for origin, vectors_by_subject in subjects.items():
        for dataset in sorted({dataset for dataset, _ in vectors_by_subject}):
            counts = [len(vectors) for (other, _), vectors in vectors_by_subject.items() if other == dataset]
            embedded = sum(map(bool, counts))  # with at least one face
            values = (origin, dataset, embedded, sum(counts), f"{limits[origin]:g}")
            rows.append(dict(zip(COMPARED, values, strict=True)))
    pairs = [(origin, pair) for origin in subjects for pair in find_duplicates(subjects[origin], limits[origin])]
    return Report(rows, pairs)


def write(path: str | Path, pairs: Iterable[tuple[Origin, Pair]]) -> None:
    """Write pairs as CSV with four decimals; the header alone if there are none."""
    rows = ({**asdict(pair), "origin": origin, "distance": f"{pair.distance:.4f}"} for origin, pair in pairs)
    store.write_csv(path, PAIR, rows)
