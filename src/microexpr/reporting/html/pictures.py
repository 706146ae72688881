"""Images of a page: pixels in, text of an image that is part of the page out. Reads no file."""

from collections.abc import Iterator

import cv2
import numpy as np

from microexpr.reporting.html.templates import data_url
from microexpr.reporting.plots.drawing import CLOSED_LINES, OPEN_LINES, flow_colours

QUALITY = 88  # of JPEG
POINT, LINE = (233, 180, 86), (255, 255, 255)  # blue, green, red
SIDE = 192  # pixels of a synthesised face, enlarged


def face(crop: np.ndarray, points: np.ndarray, word: str) -> str:
    """Return a grey crop uint8[H, W] with its 68 landmarks [68, 2], in pixels."""
    pixels = cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR)
    eighths = np.rint(points * 8).astype(np.int32)  # cv2 draws in eighths of a pixel
    for first, last in OPEN_LINES + CLOSED_LINES:
        cv2.polylines(pixels, [eighths[first:last]], (first, last) in CLOSED_LINES, LINE, 1, cv2.LINE_AA, 3)
    for x, y in eighths:
        cv2.circle(pixels, (int(x), int(y)), 12, POINT, -1, cv2.LINE_AA, 3)
    return _jpeg(_stamp(pixels, word))


def grey(pixels: np.ndarray, word: str) -> str:
    """Return a grey picture uint8[H, W]."""
    return _jpeg(_stamp(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), word))


def synthesised_face(face: np.ndarray, word: str) -> str:
    """Return a small grey or RGB face uint8[h, w, C], enlarged."""
    pixels = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR if face.shape[2] == 1 else cv2.COLOR_RGB2BGR)
    large = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    return _png(_stamp(large, word))


def flow(values: np.ndarray, largest: float, word: str) -> str:
    """Return a flow [2, H, W] in the colours of the Middlebury wheel, full at length `largest`."""
    return _png(_stamp(_enlarge(flow_colours(values, largest)[..., ::-1]), word))


def strain(values: np.ndarray, largest: float, word: str) -> str:
    """Return optical strain [H, W], from black at 0 to light at `largest`."""
    bytes_ = np.clip(255 * values / largest, 0, 255).astype(np.uint8)
    return _png(_stamp(_enlarge(cv2.applyColorMap(bytes_, cv2.COLORMAP_MAGMA)), word))


def wheel() -> str:
    """Return the colour wheel that explains the colours of a flow."""
    disc = np.stack(np.meshgrid(*[np.linspace(-1, 1, 81)] * 2))
    inside = 255 * (np.hypot(*disc) <= 1)
    return _png(np.dstack([flow_colours(disc, 1.0)[..., ::-1], inside.astype(np.uint8)]))


def _enlarge(pixels: np.ndarray) -> np.ndarray:
    side = 288
    return cv2.resize(np.ascontiguousarray(pixels), (side, side), interpolation=cv2.INTER_NEAREST)


def _stamp(pixels: np.ndarray, word: str) -> np.ndarray:
    """Write the word into the image, so that it survives cropping."""
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        corner = (5, pixels.shape[0] - 6)
        cv2.putText(pixels, word, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, width, cv2.LINE_AA)
    return pixels


def _png(pixels: np.ndarray) -> str:
    return data_url("image/png", cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


def _jpeg(pixels: np.ndarray) -> str:
    return data_url("image/jpeg", cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())


def positions(frames: int, most: int, needed: list[int]) -> Iterator[int]:
    """Yield in order at most `most` evenly spaced positions of that many frames, and all in `needed`."""
    even = np.linspace(0, frames - 1, min(frames, most)).round().astype(int).tolist()
    yield from sorted({*even, *needed})
