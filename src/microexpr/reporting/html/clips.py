"""One clip's way through all stages, as a page shows it.

Reads through the store; plots through `charts` and `pictures`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core import digests, store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.evaluation.face_kinds import exaggerate
from microexpr.reporting import journey
from microexpr.reporting.html import charts, pictures
from microexpr.reporting.plots import sheet
from microexpr.reporting.plots.drawing import amplify_change, clip_groups, largest
from microexpr.signals import inputs
from microexpr.signals.flow import magnitude
from microexpr.signals.motion import magnification

MOST = 60  # largest number of a clip's frames on a page
FARTHER = f"{1 + magnification.ALPHA:g}"  # how many times as far a movement goes in a magnified picture
Picture = tuple[str, str]  # its name, and the image
Pictures = Sequence[Picture]  # one, or two in the same place, of which the first shows


@dataclass(frozen=True, slots=True)
class ClipView:
    """One clip. Images are data URLs; all are empty if the clip's faces may not be shown."""

    clip: Clip
    events: Mapping[str, int]
    apex_by: str
    film: Sequence[str]  # images of its frames
    numbers: Sequence[int]  # of these frames
    times: Sequence[float]  # of these frames, ms since the onset; their numbers where the clip's rate is not known
    event_times: Mapping[str, float]  # of the events, alike
    start: int  # position of the apex among these frames
    blinks: Sequence[Pictures]  # apex and onset, as they are and magnified
    change: str
    flow: str
    strain: str
    largest: tuple[float, float]  # of flow, pixels, and of strain
    synthesised: Mapping[str, Sequence[Sequence[Pictures]]]  # by generator, a row by class
    score: charts.Chart
    action_units: charts.Chart
    predictions: Sequence[tuple[str, str, str]]  # method, class by the last epoch, by the oracle
    true_class: str
    files: Sequence[Mapping[str, str]]


def view(
    clip: Clip,
    results: Path,
    synth: Mapping[str, Sequence[str]],
    predictions: Sequence[tuple[str, str, str]],
    true_class: str,
    visible: bool,
) -> ClipView:
    """Read the stages' results for a clip; `synth` are files by generator.

    Raises StoreError or DataError for a file that cannot be read."""
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in journey.STAGES}
    stages = journey.read(clip, files, [])
    events, word = stages.events, stamp(clip)
    ends = (largest(magnitude(stages.flow), 99), largest(stages.flow[2], 99.5))
    numbers: list[int] = []
    film: list[str] = []
    blinks: list[Pictures] = []
    synthesised, change = {}, ""
    if visible:
        with clip_groups(clip, results, "faces", "apex") as (faces, apex):
            numbers, film = _film(faces, stages, word)
            change = pictures.grey(sheet.magnified_change(faces, apex), word)
        blinks = [apex_and_onset(clip, results, word, magnified) for magnified in (False, True)]
        synthesised = {name: _synthesised_faces(journey.synthetic(clip, paths), word) for name, paths in synth.items()}
    return ClipView(
        clip=clip,
        events=events,
        apex_by=stages.apex_by,
        film=film,
        numbers=numbers,
        times=charts.times_of_frames(clip, events["onset"], numbers),
        event_times=dict(
            zip(events, charts.times_of_frames(clip, events["onset"], list(events.values())), strict=True)
        ),
        start=numbers.index(events["apex"]) if visible else 0,
        blinks=blinks,
        change=change,
        flow=pictures.flow(stages.flow[:2], ends[0], word) if visible else "",
        strain=pictures.strain(stages.flow[2], ends[1], word) if visible else "",
        largest=ends,
        synthesised={name: images for name, images in synthesised.items() if images},
        score=charts.score(stages),
        action_units=charts.action_units(stages),
        predictions=predictions,
        true_class=true_class,
        files=[_file(stage, path) for stage, path in files.items()],
    )


def stamp(clip: Clip) -> str:
    """Return the word that a picture of the clip bears: that its face is rendered."""
    return clip.origin if clip.origin == "generated" else ""


def _film(faces: Mapping[str, Any], stages: journey.Journey, word: str) -> tuple[list[int], list[str]]:
    """Return numbers and images of frames, with those of the events always among them."""
    frame, points = faces["frame"][()].tolist(), faces["landmarks_crop"][()]
    needed = [frame.index(number) for number in stages.events.values()]
    positions = list(pictures.positions(len(frame), MOST, needed))
    film = [pictures.face(luma(faces["crop"][position]), points[position], word) for position in positions]
    return [frame[position] for position in positions], film


def apex_and_onset(clip: Clip, results: Path, word: str, magnified: bool = False) -> Pictures:
    """Return the crops of a clip's apex and onset; `magnified`: with the movements of onset to offset magnified."""
    with clip_groups(clip, results, "faces", "apex") as (face, events):
        onset, top, offset = (inputs.position(face, events, event) for event in journey.EVENTS)
        crops = luma(face["crop"][onset : offset + 1])
    if magnified:
        crops = np.clip(np.rint(magnification.magnify(crops, len(crops))), 0, 255).astype(np.uint8)
    kind = ", magnified" * magnified
    return [(f"apex{kind}", pictures.grey(crops[top - onset], word)), (f"onset{kind}", pictures.grey(crops[0], word))]


def _synthesised_faces(pairs: Mapping[str, np.ndarray], word: str) -> list[list[Pictures]]:
    """Return a row by class: neutral face and the one by a generator that never saw this subject, and its change."""
    rows: list[list[Pictures]] = []
    for label, (neutral, face) in pairs.items():
        start = ("neutral", neutral)
        faces = (
            [(f"synthesised {label}", face), start],
            [(f"{label}: change × {sheet.MAGNIFIED}", amplify_change(face, neutral, sheet.MAGNIFIED))],
            [(f"{label}: change doubled", exaggerate(neutral, face)), start],
        )
        rows.append([[(name, pictures.synthesised_face(image, word)) for name, image in pair] for pair in faces])
    return rows


def _file(stage: str, path: Path) -> dict[str, str]:
    """Return the metadata of a stage's file."""
    with store.open_file(path, stage) as file:
        attributes: dict[str, Any] = {key: file.attrs[key].decode() for key in ("created_by", "origin", "params")}
        fitted = len(store.fitted_on(file))
    return {"stage": stage, "path": str(path), "sha256": digests.of_file(path), "fitted_on": str(fitted), **attributes}
