"""One clip's way through all stages, as a page shows it. Reads through the store; draws through others."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting import journey
from microexpr.reporting.html import charts, pictures
from microexpr.signals.flow import magnitude

MOST = 60  # frames of a clip that a page has


@dataclass(frozen=True, slots=True)
class Shown:
    """One clip. Pictures are texts of images; all are empty where faces may not be shown."""

    clip: Clip
    events: Mapping[str, int]
    apex_by: str
    film: Sequence[str]
    numbers: Sequence[int]  # of the film's frames
    start: int  # where in the film the apex is
    flow: str
    strain: str
    largest: tuple[float, float]  # of flow, pixels, and of strain
    made: Mapping[str, Sequence[tuple[str, str]]]  # by generator: what it is, and picture
    score: charts.Chart
    action_units: charts.Chart
    said: Sequence[tuple[str, str, str]]  # method, class of the last epoch, of the oracle
    truth: str
    files: Sequence[Mapping[str, str]]


def shown(
    clip: Clip, results: Path, synth: Mapping[str, Sequence[str]], said: Sequence[tuple[str, str, str]], truth: str,
    visible: bool,
) -> Shown:  # fmt: skip
    """What the stages wrote of a clip. Raises StoreError or DataError for a file that cannot be read."""
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in journey.STAGES}
    walked = journey.read(clip, files, [])
    word = clip.origin if clip.origin == "generated" else ""
    largest = (_top(magnitude(walked.flow), 99), _top(walked.flow[2], 99.5))
    numbers, film = _film(files["faces"], clip, walked, word) if visible else ([], [])
    made = {name: _made(journey.synthetic(clip, paths), word) for name, paths in synth.items()} if visible else {}
    return Shown(
        clip=clip,
        events=walked.events,
        apex_by=walked.apex_by,
        film=film,
        numbers=numbers,
        start=numbers.index(walked.events["apex"]) if visible else 0,
        flow=pictures.flow(walked.flow[:2], largest[0], word) if visible else "",
        strain=pictures.strain(walked.flow[2], largest[1], word) if visible else "",
        largest=largest,
        made={name: pairs for name, pairs in made.items() if pairs},
        score=charts.score(walked),
        action_units=charts.action_units(walked),
        said=said,
        truth=truth,
        files=[_file(stage, path) for stage, path in files.items()],
    )


def _top(values: np.ndarray, percent: float) -> float:
    return max(float(np.percentile(values, percent)), 1e-6)


def _film(path: Path, clip: Clip, walked: journey.Journey, word: str) -> tuple[list[int], list[str]]:
    """Numbers and pictures of the frames, the events' always among them."""
    with store.opened(path, "faces") as file:
        faces = file[clip.name]
        frame, points = faces["frame"][()].tolist(), faces["landmarks_crop"][()]
        needed = [frame.index(number) for number in walked.events.values()]
        places = list(pictures.positions(len(frame), MOST, needed))
        film = [pictures.face(luma(faces["crop"][place]), points[place], word) for place in places]
    return [frame[place] for place in places], film


def _made(pairs: Mapping[str, np.ndarray], word: str) -> list[tuple[str, str]]:
    """The neutral face, and what a generator that never saw this person made of it for each class."""
    if not pairs:
        return []
    neutral = next(iter(pairs.values()))[0]
    faces = {label: pair[1] for label, pair in pairs.items()}
    return [("neutral", pictures.made(neutral, word))] + [
        (f"made {label}", pictures.made(face, word)) for label, face in faces.items()
    ]


def _file(stage: str, path: Path) -> dict[str, str]:
    """What a stage's file says of itself."""
    with store.opened(path, stage) as file:
        said: dict[str, Any] = {key: file.attrs[key].decode() for key in ("created_by", "origin", "params")}
        fitted = len(store.fitted_on(file))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"stage": stage, "path": str(path), "sha256": digest, "fitted_on": str(fitted), **said}
