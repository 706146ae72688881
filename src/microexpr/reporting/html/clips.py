"""One clip's way through all stages, as a page shows it: charts, and images as text that is part of the page.

Reads through the store; plots through `charts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from microexpr.core import digests, store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.evaluation.faces import exaggerate
from microexpr.reporting import journey
from microexpr.reporting.html import charts
from microexpr.reporting.html.templates import data_url
from microexpr.reporting.plots import sheet
from microexpr.reporting.plots.drawing import (
    CLOSED_LINES,
    OPEN_LINES,
    amplify_change,
    clip_groups,
    flow_colours,
    largest,
)
from microexpr.signals import inputs, motion
from microexpr.signals.flow import magnitude

MOST = 60  # largest number of a clip's frames on a page
FARTHER = f"{1 + motion.ALPHA:g}"  # how many times as far a movement goes in a magnified picture
QUALITY = 88  # of JPEG
POINT, LINE = (233, 180, 86), (255, 255, 255)  # blue, green, red
FACE_SIDE, FIELD_SIDE = 192, 288  # pixels of an enlarged synthesised face, and of a flow or strain
Picture = tuple[str, str]  # its name, and the image
Pictures = Sequence[Picture]  # one, or two in the same place; the first one shows


@dataclass(frozen=True, slots=True)
class ClipView:
    """One clip. Images are data URLs; all are empty if the clip's faces may not be shown."""

    clip: Clip
    events: Mapping[str, int]
    apex_by: str
    film: Sequence[str]  # images of its frames
    numbers: Sequence[int]  # of these frames
    times: Sequence[float]  # of these frames, ms since the onset; their numbers where the clip's rate is not known
    event_times: Mapping[str, float]  # of the events, in the same unit
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
    clip: Clip, results: Path, synth: Mapping[str, Sequence[str]], predictions: Sequence[tuple[str, str, str]],
    true_class: str, visible: bool,
) -> ClipView:  # fmt: skip
    """Read the stages' results for a clip; `synth` are files by generator.

    Raises StoreError or DataError for a file that cannot be read."""
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in journey.STAGES}
    stages = journey.read(clip, files, [])
    events, word = stages.events, clip.origin if clip.origin == "generated" else ""  # that its face is rendered
    ends = (largest(magnitude(stages.flow), 99), largest(stages.flow[2], 99.5))
    numbers: list[int] = []
    film: list[str] = []
    blinks: list[Pictures] = []
    synthesised, change, flow, strain = {}, "", "", ""
    if visible:
        with clip_groups(clip, results, "faces", "apex") as (faces, apex):
            numbers, film = _film(faces, stages, word)
            change = _grey(sheet.magnified_change(faces, apex), word)
            blinks = _blinks(faces, apex, word)
        synthesised = {name: _synthesised_faces(journey.synthetic(clip, paths), word) for name, paths in synth.items()}
        flow = _png(_enlarge(flow_colours(stages.flow[:2], ends[0])[..., ::-1], FIELD_SIDE), word)
        levels = np.clip(255 * stages.flow[2] / ends[1], 0, 255).astype(np.uint8)
        strain = _png(_enlarge(cv2.applyColorMap(levels, cv2.COLORMAP_MAGMA), FIELD_SIDE), word)
    event_times = charts.times_of_frames(clip, events["onset"], list(events.values()))
    return ClipView(
        clip=clip,
        events=events,
        apex_by=stages.apex_by,
        film=film,
        numbers=numbers,
        times=charts.times_of_frames(clip, events["onset"], numbers),
        event_times=dict(zip(events, event_times, strict=True)),
        start=numbers.index(events["apex"]) if visible else 0,
        blinks=blinks,
        change=change,
        flow=flow,
        strain=strain,
        largest=ends,
        synthesised={name: images for name, images in synthesised.items() if images},
        score=charts.score(stages),
        action_units=charts.action_units(stages),
        predictions=predictions,
        true_class=true_class,
        files=[_file(stage, path) for stage, path in files.items()],
    )


def _film(faces: Mapping[str, Any], stages: journey.Journey, word: str) -> tuple[list[int], list[str]]:
    """Return numbers and images of evenly spaced frames with landmarks; those of the events are among them."""
    frame, points = faces["frame"][()].tolist(), faces["landmarks_crop"][()]
    even = np.linspace(0, len(frame) - 1, min(len(frame), MOST)).round().astype(int).tolist()
    positions = sorted({*even, *(frame.index(number) for number in stages.events.values())})
    film = []
    for position in positions:
        pixels = cv2.cvtColor(luma(faces["crop"][position]), cv2.COLOR_GRAY2BGR)
        eighths = np.rint(points[position] * 8).astype(np.int32)  # cv2 draws in eighths of a pixel
        for first, last in OPEN_LINES + CLOSED_LINES:
            cv2.polylines(pixels, [eighths[first:last]], (first, last) in CLOSED_LINES, LINE, 1, cv2.LINE_AA, 3)
        for x, y in eighths:
            cv2.circle(pixels, (int(x), int(y)), 12, POINT, -1, cv2.LINE_AA, 3)
        film.append(_jpeg(pixels, word))
    return [frame[position] for position in positions], film


def _blinks(faces: Mapping[str, Any], apex: Mapping[str, Any], word: str) -> list[Pictures]:
    """Return the crops of apex and onset, as they are and with the movements of onset to offset magnified."""
    onset, top, offset = (inputs.position(faces, apex, event) for event in journey.EVENTS)
    crops = luma(faces["crop"][onset : offset + 1])
    magnified = np.clip(np.rint(motion.magnify(crops, len(crops))), 0, 255).astype(np.uint8)
    return [
        [(f"apex{kind}", _grey(frames[top - onset], word)), (f"onset{kind}", _grey(frames[0], word))]
        for kind, frames in (("", crops), (", magnified", magnified))
    ]


def _synthesised_faces(pairs: Mapping[str, np.ndarray], word: str) -> list[list[Pictures]]:
    """Return a row by class: neutral face and the one by a generator that never saw this subject, and its change."""

    def picture(face: np.ndarray) -> str:
        pixels = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR if face.shape[2] == 1 else cv2.COLOR_RGB2BGR)
        return _png(_enlarge(pixels, FACE_SIDE), word)

    rows: list[list[Pictures]] = []
    for label, (neutral, face) in pairs.items():
        start = ("neutral", neutral)
        faces = (
            [(f"synthesised {label}", face), start],
            [(f"{label}: change × {sheet.MAGNIFIED}", amplify_change(face, neutral, sheet.MAGNIFIED))],
            [(f"{label}: change doubled", exaggerate(neutral, face)), start],
        )
        rows.append([[(name, picture(image)) for name, image in pair] for pair in faces])
    return rows


def _file(stage: str, path: Path) -> dict[str, str]:
    """Return the metadata of a stage's file."""
    with store.open_file(path, stage) as file:
        attributes: dict[str, Any] = {key: file.attrs[key].decode() for key in ("created_by", "origin", "params")}
        fitted = len(store.fitted_on(file))
    return {"stage": stage, "path": str(path), "sha256": digests.of_file(path), "fitted_on": str(fitted), **attributes}


def wheel() -> str:
    """Return the colour wheel that explains the colours of a flow."""
    disc = np.stack(np.meshgrid(*[np.linspace(-1, 1, 81)] * 2))
    inside = 255 * (np.hypot(*disc) <= 1)
    return _png(np.dstack([flow_colours(disc, 1.0)[..., ::-1], inside.astype(np.uint8)]))


def _enlarge(pixels: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(np.ascontiguousarray(pixels), (side, side), interpolation=cv2.INTER_NEAREST)


def _stamp(pixels: np.ndarray, word: str) -> np.ndarray:
    """Write the word into the image, so that it survives cropping."""
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        corner = (5, pixels.shape[0] - 6)
        cv2.putText(pixels, word, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, width, cv2.LINE_AA)
    return pixels


def _grey(pixels: np.ndarray, word: str) -> str:
    """Return a grey picture uint8[H, W] as part of a page."""
    return _jpeg(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), word)


def _jpeg(pixels: np.ndarray, word: str) -> str:
    content = cv2.imencode(".jpg", _stamp(pixels, word), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return data_url("image/jpeg", content.tobytes())


def _png(pixels: np.ndarray, word: str = "") -> str:
    content = cv2.imencode(".png", _stamp(pixels, word) if word else pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]
    return data_url("image/png", content.tobytes())
