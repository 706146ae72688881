"""Render and expose the frames of a performance. Chooses nothing, writes nothing."""

from collections.abc import Iterable, Iterator

import numpy as np

from microexpr.rendering.camera import expose
from microexpr.rendering.face import Face
from microexpr.rendering.performance import Performance, Performer


def render_frames(
    face: Face, performer: Performer, performance: Performance, indices: Iterable[int], background: np.ndarray,
    noise: float, rng: np.random.Generator,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """Yield these frames of the performance, RGB uint8[H, W, 3] each, with their landmarks float32[68, 2] in pixels.

    `background` uint8[H, W, 3] is what lies behind the head; it has the size of the frames.
    """
    size = background.shape[1], background.shape[0]
    for i in indices:
        rendered = face.render(
            performance.action_units[i], performance.pose[i], performance.shift[i], performer.light, size,
            performer.zoom, performance.gaze[i], background,
        )  # fmt: skip
        yield expose(rendered.image, rng, noise, float(performance.exposure[i])), rendered.landmarks
