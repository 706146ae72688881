"""One self-contained page of a prediction: player, magnified faces, charts, intervals, warnings. Computes no figure.

The player shows still images, each of one frame, since no codec that OpenCV writes is fast, reproducible and played by
browsers; so it can stop at any frame of a micro-expression, and repeat it slowly.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from microexpr.apps.predict import (
    Models,
    Prediction,
    annotated,
    exports,
    limits,
    magnified,
    written,
)
from microexpr.apps.predict import truth as true_expressions
from microexpr.apps.predict.truth import TrueExpression
from microexpr.core import store
from microexpr.core.grayscale import luma
from microexpr.reporting.html import templates, timelines
from microexpr.signals import face_regions
from microexpr.signals.aus import NAMES
from microexpr.signals.faces import align
from microexpr.signals.faces.alignment import frame_mask
from microexpr.signals.spotting.hits import Counts, Span
from microexpr.videos import Video
from microexpr.videos.writer import jpeg

TEMPLATE, STYLES, SCRIPT = "prediction.jinja", ("page.css", "prediction.css"), "prediction.js"
RATE = 12.5  # images a second of the player between micro-expressions, which have every frame
MOST = 4000  # images between these, about, of a long video
WIDEST, QUALITY = 480, 60  # of an image in pixels, and of JPEG
FOR, AGAINST = np.array([255.0, 140, 0]), np.array([0.0, 110, 255])  # colours of regions
DENSITY = 0.55  # of these, at most


class Images(NamedTuple):
    """Pictures of the player, as data URLs."""

    numbers: list[int]  # frames of the video
    frames: list[str]  # with landmarks and box
    magnified: list[list[str]]  # the face in each frame of each micro-expression
    regions: list[str]  # the apex of each micro-expression, with the regions that its class hangs on; "" without these


def write(
    path: Path, prediction: Prediction, models: Models, truth: Sequence[TrueExpression] | None = None,
    player: "Player | None" = None,
) -> None:  # fmt: skip
    """Write the page. `player` has seen its frames, or they are read. Raises StoreError when the disk is full."""
    if player is None:
        player = Player(prediction)
        for number, frame in zip(player.numbers, prediction.video.read(player.numbers), strict=False):
            player.add(number, frame)
    store.write_text(path, render(prediction, models, truth, player.images()))


class Player:
    """Make the pictures of the frames that the player shows, and magnified faces of micro-expressions."""

    def __init__(self, prediction: Prediction):
        self._take, self._size = prediction.take, prediction.video.size
        every = max(1, round(prediction.video.fps / RATE), len(prediction.video) // MOST)
        self.numbers = annotated.frame_numbers(prediction, every)
        self._draw = annotated.face_drawer(prediction, self.numbers)
        self._wanted = {*self.numbers}
        self._micro = [e for e in prediction.expressions if e.interval.kind == "micro"]
        lengths = [e.interval.offset - e.interval.onset + 1 for e in self._micro]
        self._images = Images([], [], [[""] * length for length in lengths], [""] * len(lengths))
        self._crops: dict[int, dict[int, np.ndarray]] = {}  # by frame, of expressions that are being read

    def add(self, number: int, frame: np.ndarray) -> None:
        """See the next frame; one that is not in `numbers` is passed over."""
        if number not in self._wanted:
            return
        images = self._images
        images.numbers.append(number)
        images.frames.append(_data_url(self._draw(len(images.frames), annotated.shown(frame, WIDEST))))
        for i, expression in enumerate(self._micro):
            interval = expression.interval
            if interval.onset <= number <= interval.offset:
                matrix = self._take.at(interval.apex).matrix_at(interval.apex)
                self._crops.setdefault(i, {})[number] = align(frame, matrix)
            if i in self._crops and number >= interval.offset:
                self._magnify(i, self._crops.pop(i))

    def images(self) -> Images:
        """Return the pictures of all frames that were seen."""
        for i in [*self._crops]:
            self._magnify(i, self._crops.pop(i))
        return self._images

    def _magnify(self, i: int, crops: dict[int, np.ndarray]) -> None:
        interval, shares = self._micro[i].interval, self._micro[i].regions
        stretch = self._take.at(interval.apex)
        faces = magnified.magnify(np.stack([*crops.values()]), frame_mask(self._size, stretch.matrix_at(interval.apex)))
        for number, face in zip(crops, faces, strict=True):
            self._images.magnified[i][number - interval.onset] = _data_url(face)
        apex = crops[min(crops, key=lambda number: abs(number - interval.apex))]
        self._images.regions[i] = _data_url(tint(apex, stretch.landmarks_at(interval.apex), shares)) if shares else ""


def tint(crop: np.ndarray, landmarks: np.ndarray, shares: Mapping[str, float]) -> np.ndarray:
    """Return a face uint8[288, 288, 3] whose regions are the more orange the more speaks for its class, blue against.

    `landmarks` [68, 2] are in pixels of `crop`, uint8[288, 288, C]; `shares` are those of `Classes.regions`."""
    labels, most = face_regions.region_labels(landmarks, len(crop)), max(map(abs, shares.values())) or 1.0
    grey = np.repeat(luma(crop).astype(np.float32)[..., None], 3, axis=2)
    for i, name in enumerate(face_regions.FLOW_REGIONS):
        share = shares.get(name, 0.0) / most
        inside = labels == i
        grey[inside] += DENSITY * abs(share) * ((FOR if share > 0 else AGAINST) - grey[inside])
    return np.rint(np.clip(grey, 0, 255)).astype(np.uint8)


def _data_url(image: np.ndarray) -> str:
    """Return an image, uint8[H, W, 3] RGB or [H, W, 1], as JPEG, which is thirty times faster than WebP."""
    return templates.data_url("image/jpeg", jpeg(image, QUALITY))


def render(prediction: Prediction, models: Models, truth: Sequence[TrueExpression] | None, images: Images) -> str:
    """Return the page."""
    video, script = prediction.video, templates.text(SCRIPT)
    hits = true_expressions.match(prediction.spans, truth or ())
    rows = [_row(written.to_dict(expression, video.seconds), hits) for expression in prediction.expressions]
    micro = [row for row in rows if row["kind"] == "micro"]
    return templates.template(TEMPLATE).render(
        name=video.path.name,
        video=video,
        frames=len(video),
        short_notice=limits.SHORT_NOTICE,
        notice=(prediction.rate["description"], *models.descriptions, *limits.NOTICE),
        warnings=prediction.warnings,
        rows=rows,
        micro=micro,
        truth=truth,
        counts=Counts(len(hits), len(micro) - len(hits), len(truth or ()) - len(hits)),
        missed=[expression for expression in truth or () if expression not in hits.values()],
        classes=models.recogniser.classes,
        kinds=[kind for kind in annotated.COLOURS if any(row["kind"] == kind for row in rows)],
        charts=_charts(prediction, truth),
        height=prediction.signal.height,
        images=images,
        image_size=annotated.shown_size(video.size, WIDEST),
        times=magnified.TIMES,
        player=_player(video, images.numbers, micro),
        downloads={
            "intervals.csv": templates.data_url("text/csv", written.intervals_csv(prediction, models).encode()),
            f"{video.path.stem}.srt": templates.data_url(
                "application/x-subrip", exports.subtitles(prediction).encode()
            ),
        },
        style=templates.text(*STYLES),
        script=script,
        hash=templates.script_hash(script),
    )


def _row(row: dict[str, Any], hits: dict[Span, TrueExpression]) -> dict[str, Any]:
    """Return an interval of `written.to_dict` with its units by name and the true micro-expression that it hits."""
    units = [(unit, NAMES[unit], amount) for unit, amount in written.stronger_sides(row["action_units"]).items()]
    return row | {"units": units, "hit": hits.get((row["onset"], row["offset"]))}


def _player(video: Video, numbers: list[int], micro: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the page's script needs to know of the video and its micro-expressions."""
    expressions = [{event: row[event] for event in written.EVENTS} for row in micro]
    positions = video.timeline.positions
    times = {"fps": video.fps, "frames": float(positions[-1]) + 1, "positions": positions[numbers].round(4).tolist()}
    return times | {"numbers": numbers, "expressions": expressions}


def _charts(prediction: Prediction, truth: Sequence[TrueExpression] | None) -> dict[str, Any]:
    """Return what the charts show."""
    moving, resting = timelines.unit_rows(prediction)
    top = timelines.score_top(prediction)
    positions, fps = prediction.video.timeline.positions, prediction.video.fps
    return {
        "columns": timelines.COLUMNS,
        "score_height": timelines.SCORE_HEIGHT,
        "row_height": timelines.ROW_HEIGHT,
        "bands": timelines.spotted_bands(prediction),
        "true_bands": timelines.true_bands(truth or (), positions),
        "time_ticks": timelines.time_ticks(positions[-1] + 1, fps),
        "score_ticks": timelines.score_ticks(top),
        "score": timelines.score_points(prediction, top),
        "score_top": top,
        "threshold": timelines.SCORE_HEIGHT * (1 - float(np.log(prediction.signal.height)) / top),
        "moving": moving,
        "resting": resting,
    }
