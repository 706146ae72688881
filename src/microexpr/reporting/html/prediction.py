"""One self-contained page of a prediction, with player, charts and intervals, and one that links to many of them.

The player shows still images, each of one frame, since no codec that OpenCV writes is fast, reproducible and played by
browsers; so it can stop at any frame of a micro-expression, and repeat it slowly.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
from matplotlib.ticker import MaxNLocator

from microexpr.apps.predict import Models, Prediction, annotated, limits, written
from microexpr.apps.predict import truth as true_expressions
from microexpr.apps.predict.truth import TrueExpression
from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.reporting import html
from microexpr.signals import face_regions
from microexpr.signals.aus import ACTION_UNITS, LARGEST, NAMES
from microexpr.signals.faces import align
from microexpr.signals.faces.alignment import frame_mask
from microexpr.signals.spotting import LIKELY
from microexpr.signals.spotting.hits import Counts
from microexpr.videos.writer import jpeg

STYLES = ("page.css", "prediction.css")
RATE = 12.5  # images a second of the player between micro-expressions, which have every frame
MOST = 4000  # images between these, about, of a long video
WIDEST, QUALITY = 480, 60  # of an image in pixels, and of JPEG
FOR, AGAINST = np.array([255.0, 140, 0]), np.array([0.0, 110, 255])  # colours of regions
DENSITY = 0.55  # of these, at most
COLUMNS = 1000  # of a chart, and points of a curve at most
SCORE_HEIGHT, ROW_HEIGHT = 100, 20  # of a chart, in its own units
TICKS = 10  # of time, at most


class Images(NamedTuple):
    """Pictures of the player, as data URLs."""

    numbers: list[int]  # frames of the video
    frames: list[str]  # with landmarks and box
    magnified: list[list[str]]  # the face in each frame of each micro-expression
    regions: list[str]  # the apex of each micro-expression, with the regions that its class hangs on; "" without these


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
        interval, shares = self._micro[i].interval, self._micro[i].classes.regions
        stretch = self._take.at(interval.apex)
        faces = annotated.magnify(np.stack([*crops.values()]), frame_mask(self._size, stretch.matrix_at(interval.apex)))
        for number, face in zip(crops, faces, strict=True):
            self._images.magnified[i][number - interval.onset] = _data_url(face)
        apex = crops[min(crops, key=lambda number: abs(number - interval.apex))]
        self._images.regions[i] = _data_url(tint(apex, stretch.landmarks_at(interval.apex), shares)) if shares else ""


def tint(crop: np.ndarray, landmarks: np.ndarray, shares: Mapping[str, float]) -> np.ndarray:
    """Return a face uint8[288, 288, 3] with regions more orange the more they support its class, blue against.
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
    return html.data_url("image/jpeg", jpeg(image, QUALITY))


def write(
    path: Path, prediction: Prediction, models: Models, truth: Sequence[TrueExpression] | None, player: Player
) -> None:
    """Write the page; `player` has seen its frames. Raises StoreError when the disk is full."""
    video, images = prediction.video, player.images()
    hits = true_expressions.match(prediction.spans, truth or ())
    rows = [written.to_dict(expression, video.seconds) for expression in prediction.expressions]
    for row in rows:
        amounts = written.stronger_sides(row["action_units"])
        row["units"] = [(unit, NAMES[unit], amount) for unit, amount in amounts.items()]
        row["hit"] = hits.get((row["onset"], row["offset"]))  # the true micro-expression
    micro = [row for row in rows if row["kind"] == "micro"]
    positions = video.timeline.positions
    timing = {
        "fps": video.fps,
        "frames": float(positions[-1]) + 1,
        "positions": positions[images.numbers].round(4).tolist(),
        "numbers": images.numbers,
        "expressions": [{event: row[event] for event in written.EVENTS} for row in micro],
    }
    downloads = {
        "intervals.csv": ("text/csv", written.intervals_csv(prediction, models)),
        f"{video.path.stem}.srt": ("application/x-subrip", written.subtitles(prediction)),
    }
    page = html.render(
        ("prediction.jinja", *STYLES, "prediction.js"),
        name=video.path.name,
        video=video,
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
        likely=LIKELY,
        images=images,
        image_size=annotated.shown_size(video.size, WIDEST),
        times=annotated.TIMES,
        player=timing,
        downloads={name: html.data_url(kind, text.encode()) for name, (kind, text) in downloads.items()},
    )
    store.write_text(path, page)


def _charts(prediction: Prediction, truth: Sequence[TrueExpression] | None) -> dict[str, Any]:
    """Return the contents of the charts: how probable a micro-expression is, the units, and bands of intervals."""
    moving, resting = unit_rows(prediction)
    positions = prediction.video.timeline.positions
    intervals = [(e.interval, e.classes.predicted_class) for e in prediction.expressions]
    spotted = [(interval.kind, interval.onset, interval.offset, name) for interval, name in intervals]
    return {
        "columns": COLUMNS,
        "score_height": SCORE_HEIGHT,
        "row_height": ROW_HEIGHT,
        "bands": bands(spotted, positions),
        "true_bands": bands([("true", e.onset, e.offset, e.true_class) for e in sorted(truth or ())], positions),
        "time_ticks": time_ticks(positions[-1] + 1, prediction.video.fps),
        "score_ticks": [Tick(f"{share:g}", round(100 * (1 - share), 2)) for share in (0, LIKELY, 1)],
        "score": area(prediction.probability[:, 0], SCORE_HEIGHT, _x(prediction)),
        "threshold": SCORE_HEIGHT * (1 - LIKELY),
        "moving": moving,
        "resting": resting,
    }


class Band(NamedTuple):
    """An interval in a chart: x in columns."""

    kind: str
    onset: int
    x: float
    width: float  # at least a column
    title: str
    label: str = ""  # next to the band
    room: float = 0.0  # columns from its start to that of the next with a label


class Tick(NamedTuple):
    """A value of an axis and its position, 0..100 from the left or top."""

    label: str
    at: float


class Row(NamedTuple):
    """The curve of an action unit; its chart is one FACS level high and repeats, darker, the values above."""

    unit: str
    name: str
    points: str
    levels: int


def bands(spans: Iterable[tuple[str, int, int, str]], positions: np.ndarray) -> list[Band]:
    """Return intervals, each of kind, onset, offset and label, as parts of a chart of a video with frames at these
    `positions` in time."""
    unit, last, parts = COLUMNS / (positions[-1] + 1), len(positions) - 1, []
    for kind, onset, offset, label in spans:
        first, end = (float(positions[min(number, last)]) for number in (onset, offset))
        title = f"{kind} {label}".strip() + f", frames {onset} to {offset}"
        width = round(max((end - first + 1) * unit, 1), 2)
        parts.append(Band(kind, onset, round(first * unit, 2), width, title, label))
    starts = [band.x for band in parts if band.label]
    rooms = (min((x for x in starts if x > band.x), default=COLUMNS) - band.x for band in parts)
    return [band._replace(room=round(room, 2)) for band, room in zip(parts, rooms, strict=True)]


def time_ticks(frames: float, fps: float) -> list[Tick]:
    """Return round times in seconds, each where the middle of the frame at that time is."""
    times = MaxNLocator(TICKS, steps=[1, 2, 5, 10]).tick_values(0, (frames - 1) / fps)
    inside = (float(time) for time in times if 0 <= time * fps <= frames - 1)
    return [Tick(f"{time:g}", round(100 * (time * fps + 0.5) / frames, 4)) for time in inside]


def unit_rows(prediction: Prediction) -> tuple[list[Row], list[Row]]:
    """Return the rows of units that move in some expression, and of the others, each in the order of units."""
    moving = {name[:-1] for expression in prediction.expressions for name in expression.interval.action_units}
    rises = np.clip(prediction.signal.change.max(axis=2).T, 0, LARGEST)  # [17, T]
    rows = []
    for unit, rise in zip(ACTION_UNITS, rises, strict=True):
        points = area(rise, ROW_HEIGHT, _x(prediction))
        rows.append(Row(unit, NAMES[unit], points, max(1, int(np.ceil(rise.max())))))
    return [row for row in rows if row.unit in moving], [row for row in rows if row.unit not in moving]


def _x(prediction: Prediction) -> np.ndarray:
    """Return where in a chart each value of a curve is, in columns."""
    positions = prediction.video.timeline.positions
    return np.asarray((positions[prediction.curves.numbers] + 0.5) * COLUMNS / (positions[-1] + 1))


def area(values: np.ndarray, height: float, x: np.ndarray) -> str:
    """Return the points of the area under a curve, in which a value of 1 is `height` high.

    `x` are the columns of the values; each of at most `COLUMNS` points is the largest of its values. The first and last
    point are the corners, far below the chart."""
    starts = np.linspace(0, len(values), min(COLUMNS, len(values)), endpoint=False).astype(int)
    highest = np.maximum.reduceat(values, starts)
    middles = (starts + np.append(starts[1:], len(values)) - 1) / 2
    x = np.interp(middles, np.arange(len(values)), x)
    y = height * (1 - np.array([-LARGEST, *highest, -LARGEST]))
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip([x[0], *x, x[-1]], y, strict=True))


def write_index(
    path: Path, videos: Sequence[Mapping[str, Any]], contents: Mapping[str, Mapping[str, Any]], models: Models
) -> None:
    """Write the page of videos, rows of videos.csv; `contents` is the intervals.json of those that are done. Raises
    StoreError when the disk is full."""
    micro = {
        name: [interval for interval in document["intervals"] if interval["kind"] == "micro"]
        for name, document in contents.items()
    }
    page = html.render(
        ("predictions.jinja", *STYLES),
        videos=[video for video in videos if video["folder"]],
        micro=micro,
        count=sum(map(len, micro.values())),
        shown=sum(map(bool, micro.values())),
        problems=[video for video in videos if video["problem"]],
        left_out=[video for video in videos if video["left_out"]],
        generated=any(document["origin"] == "generated" for document in contents.values()),
        short_notice=limits.SHORT_NOTICE,
        notice=(*models.descriptions, *limits.NOTICE),
        address=lambda folder: quote(f"{folder}/prediction.html"),
    )
    store.write_text(path, page)
