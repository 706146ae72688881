"""One clip's way through all stages, as a page shows it: charts, and images as text that is part of the page.

Reads through the store; plots through `charts`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.core.clip import Clip
from microexpr.core.files import file_digest
from microexpr.evaluation.faces import exaggerate
from microexpr.reporting.html import charts, data_url
from microexpr.reporting.plots import clips as run_clips
from microexpr.reporting.plots import drawing
from microexpr.signals import inputs, motion
from microexpr.signals.flow import magnitude

MOST = 60  # largest number of a clip's frames on a page
FARTHER = f"{1 + motion.ALPHA:g}"  # how many times as far a movement goes in a magnified picture
QUALITY = 88  # of JPEG
POINT, LINE = (233, 180, 86), (255, 255, 255)  # blue, green, red
FACE_SIDE, FIELD_SIDE = 192, 288  # pixels of an enlarged synthesised face, and of a flow or strain
Picture = tuple[str, str]  # its name, and the image
Pictures = Sequence[Picture]  # one, or two in the same place; the first one shows


def view(clip: Clip, results: Path, synth: Mapping[str, Sequence[str]], visible: bool) -> dict[str, Any]:
    """Return a clip as a page shows it, from the stages' results; `synth` are files by generator.

    Images are data URLs, and left out if the clip's faces may not be `visible`. Times are ms since the onset; frame
    numbers where the clip's rate is not known. Raises StoreError or DataError for a file that cannot be read."""
    stages = run_clips.read(clip, results, [])
    events, word = stages.events, clip.origin if clip.origin == "generated" else ""  # that its face is rendered
    ends = (drawing.largest(magnitude(stages.flow), 99), drawing.largest(stages.flow[2], 99.5))
    event_times = charts.times_of_frames(clip, events["onset"], list(events.values()))
    contents: dict[str, Any] = {
        "clip": clip,
        "events": events,
        "apex_by": stages.apex_by,
        "event_times": dict(zip(events, event_times, strict=True)),
        "film": [],  # images of its frames
        "largest": ends,  # of flow, pixels, and of strain
        "synthesised": {},  # by generator, a row of pictures by class
        "score": charts.score(stages),
        "action_units": charts.action_units(stages),
        "files": [_file(stage, results / stage / clip.dataset / f"{clip.subject}.h5") for stage in run_clips.STAGES],
    }
    if not visible:
        return contents
    with drawing.clip_groups(clip, results, "faces", "apex") as (faces, apex):
        numbers, contents["film"] = _film(faces, stages, word)
        contents["change"] = _image(run_clips.magnified_change(faces, apex), word, "jpeg")
        onset, top, offset = (inputs.position(faces, apex, event) for event in run_clips.EVENTS)
        crops = luma(faces["crop"][onset : offset + 1])
    magnified = np.clip(np.rint(motion.magnify(crops, len(crops))), 0, 255).astype(np.uint8)
    contents["blinks"] = [  # apex and onset, as they are and with the movements of onset to offset magnified
        [(f"{event}{kind}", _image(frames[i], word, "jpeg")) for event, i in (("apex", top - onset), ("onset", 0))]
        for kind, frames in (("", crops), (", magnified", magnified))
    ]
    synthesised = {name: _synthesised_faces(run_clips.synthetic(clip, paths), word) for name, paths in synth.items()}
    levels = np.clip(255 * stages.flow[2] / ends[1], 0, 255).astype(np.uint8)
    return contents | {
        "numbers": numbers,
        "times": charts.times_of_frames(clip, events["onset"], numbers),
        "start": numbers.index(events["apex"]),
        "flow": _image(drawing.flow_colours(stages.flow[:2], ends[0])[..., ::-1], word, side=FIELD_SIDE),
        "strain": _image(cv2.applyColorMap(levels, cv2.COLORMAP_MAGMA), word, side=FIELD_SIDE),
        "synthesised": {name: images for name, images in synthesised.items() if images},
    }


def _film(faces: Mapping[str, Any], stages: run_clips.Journey, word: str) -> tuple[list[int], list[str]]:
    """Return numbers and images of evenly spaced frames with landmarks; those of the events are among them."""
    frame, points = faces["frame"][()].tolist(), faces["landmarks_crop"][()]
    even = np.linspace(0, len(frame) - 1, min(len(frame), MOST)).round().astype(int).tolist()
    positions = sorted({*even, *(frame.index(number) for number in stages.events.values())})
    film = []
    for position in positions:
        pixels = cv2.cvtColor(luma(faces["crop"][position]), cv2.COLOR_GRAY2BGR)
        eighths = np.rint(points[position] * 8).astype(np.int32)  # cv2 draws in eighths of a pixel
        for first, last in drawing.OPEN_LINES + drawing.CLOSED_LINES:
            cv2.polylines(pixels, [eighths[first:last]], (first, last) in drawing.CLOSED_LINES, LINE, 1, cv2.LINE_AA, 3)
        for x, y in eighths:
            cv2.circle(pixels, (int(x), int(y)), 12, POINT, -1, cv2.LINE_AA, 3)
        film.append(_image(pixels, word, "jpeg"))
    return [frame[position] for position in positions], film


def _synthesised_faces(pairs: Mapping[str, np.ndarray], word: str) -> list[list[Pictures]]:
    """Return a row by class: neutral face and the one by a generator that never saw this subject, and its change."""

    def picture(face: np.ndarray) -> str:
        pixels = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR if face.shape[2] == 1 else cv2.COLOR_RGB2BGR)
        return _image(pixels, word, side=FACE_SIDE)

    rows: list[list[Pictures]] = []
    for label, (neutral, face) in pairs.items():
        start = ("neutral", neutral)
        faces = (
            [(f"synthesised {label}", face), start],
            [(f"{label}: change × {run_clips.MAGNIFIED}", drawing.amplify_change(face, neutral, run_clips.MAGNIFIED))],
            [(f"{label}: change doubled", exaggerate(neutral, face)), start],
        )
        rows.append([[(name, picture(image)) for name, image in pair] for pair in faces])
    return rows


def _file(stage: str, path: Path) -> dict[str, str]:
    with store.open_file(path, stage) as file:
        attributes: dict[str, Any] = {key: file.attrs[key].decode() for key in ("created_by", "origin", "params")}
        fitted = len(store.fitted_on(file))
    return {"stage": stage, "path": str(path), "sha256": file_digest(path), "fitted_on": str(fitted), **attributes}


def wheel() -> str:
    """Return the colour wheel that explains the colours of a flow."""
    disc = np.stack(np.meshgrid(*[np.linspace(-1, 1, 81)] * 2))
    inside = 255 * (np.hypot(*disc) <= 1)
    return _image(np.dstack([drawing.flow_colours(disc, 1.0)[..., ::-1], inside.astype(np.uint8)]))


def _image(pixels: np.ndarray, word: str = "", kind: str = "png", side: int = 0) -> str:
    """Return an image, grey or blue, green, red, as a data URL, enlarged to a side. The word is within the image, so
    that it survives cropping."""
    pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR) if pixels.ndim == 2 else pixels
    if side:
        pixels = cv2.resize(np.ascontiguousarray(pixels), (side, side), interpolation=cv2.INTER_NEAREST)
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)) if word else ():
        corner = (5, pixels.shape[0] - 6)
        cv2.putText(pixels, word, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, width, cv2.LINE_AA)
    options = {"jpeg": [cv2.IMWRITE_JPEG_QUALITY, QUALITY], "png": [cv2.IMWRITE_PNG_COMPRESSION, 9]}
    return data_url(f"image/{kind}", cv2.imencode(f".{kind}", pixels, options[kind])[1].tobytes())
