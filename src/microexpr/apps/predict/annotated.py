"""The annotated video, predictions written into its frames, micro-expressions in slow motion; and magnified faces."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import cv2
import numpy as np

from microexpr.apps.predict import Prediction, written
from microexpr.core.arrays import luma
from microexpr.signals import motion
from microexpr.signals.motion import head
from microexpr.videos.frames import MARK
from microexpr.videos.writer import Write, writer

RATE = 25  # frames a second of the annotated video, about
WIDEST = 960  # pixels
BAND = 56  # rows of the timeline below the frame
COLOURS = {  # RGB
    "micro": (213, 94, 0), "macro": (0, 114, 178), "blink": (150, 150, 150), "glance": (0, 158, 115),
    "speech": (204, 121, 167),
}  # fmt: skip
FACE_COLOUR, LOST_COLOUR = (240, 228, 66), (150, 150, 150)  # of landmarks and box, where the face is detected or not
SHIFT = 3  # bits of landmarks' positions below a pixel
FINE = 1 << SHIFT
BOX_MARGIN = 0.1  # of the landmarks' extent, around them
OTHER = b"annotated by microexpr"
TIMES = 1 + motion.ALPHA  # as far as in the video


class Film:
    """The frames of the annotated video."""

    def __init__(self, prediction: Prediction):
        self._prediction, self._every = prediction, max(1, round(prediction.video.fps / RATE))
        numbers = frame_numbers(prediction, self._every)
        self.positions = {number: i for i, number in enumerate(numbers)}  # by number of a frame of the video
        self._draw = face_drawer(prediction, numbers)
        self._timeline = timeline(prediction, shown_size(prediction.video.size)[0])

    def writer(self, path: Path) -> AbstractContextManager[Write]:
        """Return a function, in a context, that writes images into an .avi file, marked as rendered if the video is.

        Raises StoreError when the disk is full."""
        video = self._prediction.video
        return writer(path, video.fps / self._every, MARK if video.generated else OTHER)

    def image(self, number: int, frame: np.ndarray) -> np.ndarray:
        """Return a frame of the video as it is shown, uint8[H + BAND, W, 3]."""
        slowdown = self._every if any(first <= number <= last for first, last in self._prediction.spans) else 1
        image = self._draw(self.positions[number], shown(frame))
        return annotate(image, number, slowdown, self._prediction, self._timeline)


def frame_numbers(prediction: Prediction, every: int) -> list[int]:
    """Return the numbers that `every` divides, and those of all frames in micro-expressions."""
    micro = {number for first, last in prediction.spans for number in range(first, last + 1)}
    present = np.flatnonzero(prediction.video.timeline.present).tolist()
    return [number for number in present if number % every == 0 or number in micro]


def shown(frame: np.ndarray, widest: int = WIDEST) -> np.ndarray:
    """Return a frame in colour, uint8[H, W, 3], at most `widest` pixels wide."""
    colour = np.broadcast_to(frame.reshape(*frame.shape[:2], -1), (*frame.shape[:2], 3))
    size = shown_size(frame.shape[:2], widest)
    if size == (frame.shape[1], frame.shape[0]):
        return np.array(colour)
    return np.asarray(cv2.resize(np.ascontiguousarray(colour), size, interpolation=cv2.INTER_AREA), np.uint8)


def face_drawer(prediction: Prediction, numbers: Sequence[int]) -> Callable[[int, np.ndarray], np.ndarray]:
    """Return a function that draws landmarks and box of the face into the i-th of these frames, of any size."""
    landmarks = prediction.take.landmarks(numbers)
    low, high = landmarks.min(axis=1), landmarks.max(axis=1)
    margin = BOX_MARGIN * (high - low)
    boxes = np.stack([low - margin, high + margin], axis=1)
    read = np.maximum(np.searchsorted(prediction.curves.numbers, numbers, "right") - 1, 0)
    colours = [FACE_COLOUR if detected else LOST_COLOUR for detected in prediction.curves.detected[read]]

    def draw(i: int, image: np.ndarray) -> np.ndarray:
        scale = image.shape[1] / prediction.video.size[1]
        first, second = (tuple(map(int, corner)) for corner in (boxes[i] * scale).round())
        cv2.rectangle(image, first, second, colours[i], 1, cv2.LINE_AA)
        for x, y in (landmarks[i] * scale * FINE).round().astype(int).tolist():
            cv2.circle(image, (x, y), FINE, colours[i], -1, cv2.LINE_AA, SHIFT)
        return image

    return draw


def annotate(
    image: np.ndarray, number: int, slowdown: int, prediction: Prediction, timeline_image: np.ndarray
) -> np.ndarray:
    """Return uint8[H + BAND, W, 3]: an image of a frame with its captions, above the timeline of the whole video."""
    (height, width), video, white = image.shape[:2], prediction.video, (255, 255, 255)
    expressions = [e for e in prediction.expressions if e.interval.onset <= number <= e.interval.offset]
    captions = [(f"{video.seconds[number]:.2f} s" + f", {slowdown} times slower" * (slowdown > 1), white)]
    captions += [("rendered face, no person is shown", white)] * video.generated
    for expression in expressions:
        units = " ".join(list(expression.interval.action_units)[:4])
        name = f" {written.in_words(expression.classes)}" if expression.classes.probabilities else ""
        captions.append((f"{expression.interval.kind}{name} {units}", COLOURS[expression.interval.kind]))
        captions += [(reason, white) for reason in expression.classes.reasons[:1]]
    image = np.vstack([image, timeline_image])
    font = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    for line, (text, ink) in enumerate(captions):
        for thickness, colour in ((3, (0, 0, 0)), (1, ink)):
            cv2.putText(image, text, (8, 20 + 20 * line), *font, colour, thickness, cv2.LINE_AA)
    if any(expression.interval.kind == "micro" for expression in expressions):
        cv2.rectangle(image, (0, 0), (width - 1, height - 1), COLOURS["micro"], 3)
    positions = video.timeline.positions
    x = round(positions[number] * (width - 1) / max(positions[-1], 1))
    cv2.line(image, (x, height), (x, height + BAND - 1), white, 1)
    return image


def timeline(prediction: Prediction, width: int) -> np.ndarray:
    """Return uint8[BAND, width, 3]: how probable a micro-expression is, in front of the intervals."""
    page = np.full((BAND, width, 3), 30, np.uint8)
    positions = prediction.video.timeline.positions
    last = max(positions[-1], 1)
    for expression in prediction.expressions:
        events = (expression.interval.onset, expression.interval.offset)
        first, end = (round(positions[number] * (width - 1) / last) for number in events)
        page[:, first : max(end, first + 1) + 1] = COLOURS[expression.interval.kind]
    columns = np.minimum(positions[prediction.curves.numbers] * width // (last + 1), width - 1).astype(int)
    highest = np.zeros(width)
    np.maximum.at(highest, columns, prediction.probability[:, 0])
    rows = (BAND - 2) * (1 - highest)
    points = np.column_stack([np.arange(width), rows]).round().astype(np.int32)
    return np.asarray(cv2.polylines(page, [points[:, None]], False, (240, 240, 240), 1))


def shown_size(size: tuple[int, ...], widest: int = WIDEST) -> tuple[int, int]:
    """Return the display width and height of a frame of these rows and columns."""
    rows, columns = size
    scale = min(1.0, widest / columns)
    return round(columns * scale), round(rows * scale)


def magnify(crops: np.ndarray, in_frame: np.ndarray | None = None) -> np.ndarray:
    """Return crops of onset to offset, uint8[T, H, H, C], with the head held still and movement since the first frame
    `TIMES` as far.

    The change of grey levels is added to each channel. Only pixels of `in_frame`, bool[H, H], show the frame."""
    still = head.hold_still(crops, head.head_path(luma(crops), 0, in_frame), in_frame)
    grey = luma(still).astype(np.float32)
    change = motion.magnify(grey, len(grey)) - grey
    return np.clip(np.rint(still + (change - change[0])[..., None]), 0, 255).astype(np.uint8)
