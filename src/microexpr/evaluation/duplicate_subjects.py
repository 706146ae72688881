"""Who is who: face embeddings, and people who seem to be in the data twice. Knows no protocol and refuses nothing.

A person who is in two data sets, or twice in one, is trained on while held out. Names cannot show that; faces can.
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
from microexpr.signals.faces.detection import box_of, face_recognition

SIZE = 128  # numbers in an embedding
# Distance below which two faces count as one person's. Licensed: the library's own, for photographs of people.
# Generated: our renderer's people resemble each other more (`make campaign-people`).
THRESHOLDS: dict[Origin, float] = {"licensed": 0.6, "generated": 0.3}


class Params(BaseModel):
    """Section `people` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    faces: int = Field(4, ge=1, description="frames of each subject, each of another clip, whose embeddings are meaned")
    licensed: float = Field(THRESHOLDS["licensed"], gt=0, description="distance below which licensed people are a pair")
    generated: float = Field(THRESHOLDS["generated"], gt=0, description="the same of two generated people")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two subjects who look like one person."""

    dataset_a: str
    subject_a: str
    dataset_b: str
    subject_b: str
    distance: float  # between their mean embeddings


def embeddings(crops: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """float64[N, 128] of crops uint8[N, H, W, C], RGB or grey, with their landmarks [N, 68, 2].

    dlib's face recognition network, as face_recognition calls it: each face is cut by its eyes and nose to 150 x 150
    first. One face's is always the same, whatever is before or after it.
    """
    found = [_embedding(crop, points) for crop, points in zip(crops, landmarks, strict=True)]
    return np.array(found).reshape(-1, SIZE)


def _embedding(crop: np.ndarray, points: np.ndarray) -> np.ndarray:
    colour = np.ascontiguousarray(np.broadcast_to(crop, (*crop.shape[:2], 3)))
    box = box_of(points)
    left, top = (round(float(centre - box.side / 2)) for centre in box.centre)
    around = dlib.rectangle(left, top, left + round(box.side) - 1, top + round(box.side) - 1)
    face = dlib.full_object_detection(around, [dlib.point(round(float(x)), round(float(y))) for x, y in points])
    return np.array(face_recognition.face_encoder.compute_face_descriptor(colour, face))


def of_subject(path: str | Path, clips: Sequence[Clip], most: int = 4) -> np.ndarray:
    """Embeddings [n, 128] from a subject's faces file: the first frame of each of its first so many clips."""
    with store.opened(path, "faces") as file:
        groups = [file[clip.name] for clip in store.kept(file, clips)[:most]]
        crops, landmarks = ([group[key][0] for group in groups] for key in ("crop", "landmarks_crop"))
    return embeddings(np.array(crops), np.array(landmarks))


def duplicates(people: Mapping[tuple[str, str], np.ndarray], threshold: float) -> list[Pair]:
    """Pairs of different subjects, within and across data sets, nearer than `threshold`; the nearest first.

    `people` are embeddings [n, 128] of each (dataset, subject), whose mean stands for them; those without any are
    left out. A pair is something to look at, not a proof.
    """
    means = {who: faces.mean(0) for who, faces in sorted(people.items()) if len(faces)}
    who, points = list(means), np.reshape([*means.values()], (-1, SIZE))
    near: list[tuple[int, int]] = sorted(KDTree(points).query_pairs(threshold))
    pairs = [Pair(*who[a], *who[b], float(np.linalg.norm(points[a] - points[b]))) for a, b in near]
    return sorted((pair for pair in pairs if pair.distance < threshold), key=lambda pair: pair.distance)


@dataclass(frozen=True, slots=True)
class Report:
    """Who was compared with whom, and who look alike. Licensed and generated people are never compared."""

    compared: list[dict[str, str | int]]  # a row for each data set, with `COMPARED`
    pairs: list[tuple[Origin, Pair]]  # the nearest of each origin first


PAIR = ("origin", *(field.name for field in fields(Pair)))
COMPARED = ("origin", "dataset", "subjects", "faces", "threshold")


def report(clips: Iterable[Clip], files: Iterable[str | Path], params: Params) -> Report:
    """Everyone of these clips against everyone else of the same origin.

    `files` are results/faces/<dataset>/<subject>.h5. Raises StoreError if one of a subject's is not among them."""
    places = {Path(path).parts[-2:]: path for path in files}
    own: dict[tuple[Origin, str, str], list[Clip]] = {}
    for clip in clips:
        own.setdefault((clip.origin, clip.dataset, clip.subject), []).append(clip)
    found: dict[Origin, dict[tuple[str, str], np.ndarray]] = {}
    for (origin, dataset, subject), shown in sorted(own.items()):
        if (dataset, f"{subject}.h5") not in places:
            raise StoreError(f"results/faces/{dataset}/{subject}.h5 must be among the faces that are compared")
        faces = of_subject(places[dataset, f"{subject}.h5"], shown, params.faces)
        found.setdefault(origin, {})[dataset, subject] = faces
    limits: dict[Origin, float] = {"licensed": params.licensed, "generated": params.generated}
    return Report(
        [row for origin, people in found.items() for row in _compared(origin, people, limits[origin])],
        [(origin, pair) for origin, people in found.items() for pair in duplicates(people, limits[origin])],
    )


def _compared(
    origin: Origin, people: Mapping[tuple[str, str], np.ndarray], limit: float
) -> Iterable[dict[str, str | int]]:
    for dataset in sorted({dataset for dataset, _ in people}):
        counts = [len(faces) for (other, _), faces in people.items() if other == dataset]
        seen = sum(map(bool, counts))  # with a face
        yield {"origin": origin, "dataset": dataset, "subjects": seen, "faces": sum(counts), "threshold": f"{limit:g}"}


def write(path: str | Path, pairs: Iterable[tuple[Origin, Pair]]) -> None:
    """Pairs as CSV with four decimals; the header alone where there are none."""
    rows = ({**asdict(pair), "origin": origin, "distance": f"{pair.distance:.4f}"} for origin, pair in pairs)
    store.write_csv(path, PAIR, rows)


def write_compared(path: str | Path, rows: Iterable[Mapping[str, str | int]]) -> None:
    """How many subjects of each data set were compared, from how many faces, and below which distance they count."""
    store.write_csv(path, COMPARED, rows)
