"""Find subjects who seem to be in the data twice, by face embeddings. Knows no protocol and refuses nothing.

A subject who is in two data sets, or twice in one, is trained on while held out. Names do not reveal that; faces do.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import dlib
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core import store
from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import StoreError
from microexpr.evaluation.rows import Row
from microexpr.signals.faces import detection
from microexpr.signals.landmarks import face_box

SIZE = 128  # numbers in an embedding
# Columns: two subjects who look like one person, and the distance between their mean embeddings.
PAIR = ("origin", "dataset_a", "subject_a", "dataset_b", "subject_b", "distance")
# How many subjects and faces of each data set were compared, and below which distance they count.
COMPARED = ("origin", "dataset", "subjects", "faces", "threshold")
# Distance below which two faces count as one person's. Licensed: face_recognition's own, for photographs.
# Generated: rendered subjects resemble each other more (docs/metrics.md).
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


def find_duplicates(embeddings: Mapping[tuple[str, str], np.ndarray], threshold: float) -> list[Row]:
    """Return rows with `PAIR` but for the origin: different subjects nearer than `threshold`, the nearest first.

    They may be of one data set or of two. `embeddings` are [n, 128] of each (dataset, subject), who is represented by
    their mean; subjects without any are left out. A pair is a reason to look, not a proof.
    """
    from scipy.spatial import KDTree  # slow to load, and a check of params imports this module

    means = {subject: vectors.mean(0) for subject, vectors in sorted(embeddings.items()) if len(vectors)}
    subjects, points = list(means), np.reshape([*means.values()], (-1, SIZE))
    near: list[tuple[int, int]] = sorted(KDTree(points).query_pairs(threshold))
    pairs = [(*subjects[a], *subjects[b], float(np.linalg.norm(points[a] - points[b]))) for a, b in near]
    ordered = sorted((pair for pair in pairs if pair[-1] < threshold), key=lambda pair: pair[-1])
    return [dict(zip(PAIR[1:], pair, strict=True)) for pair in ordered]


def report(clips: Iterable[Clip], files: Iterable[str | Path], params: Params) -> tuple[list[Row], list[Row]]:
    """Compare all subjects of these clips that have the same origin.

    Return rows with `COMPARED` of each data set, then with `PAIR`, of each origin the nearest first. `files` are
    results/faces/<dataset>/<subject>.h5. Raises StoreError if one of a subject's is not among them.
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
    rows: list[Row] = []
    for origin, vectors_by_subject in subjects.items():
        for dataset in sorted({dataset for dataset, _ in vectors_by_subject}):
            counts = [len(vectors) for (other, _), vectors in vectors_by_subject.items() if other == dataset]
            embedded = sum(map(bool, counts))  # with at least one face
            values = (origin, dataset, embedded, sum(counts), f"{limits[origin]:g}")
            rows.append(dict(zip(COMPARED, values, strict=True)))
    pairs = [
        pair | {"origin": origin, "distance": f"{pair['distance']:.4f}"}
        for origin in subjects
        for pair in find_duplicates(subjects[origin], limits[origin])
    ]
    return rows, pairs
