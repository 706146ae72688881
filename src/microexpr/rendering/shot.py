"""One person before a camera: what is acted, rendered and exposed, frame by frame. Chooses nothing, writes nothing."""

from collections.abc import Iterable, Iterator

import numpy as np

from microexpr.rendering.camera import expose
from microexpr.rendering.face import Face
from microexpr.rendering.performance import Performance, Performer


def shot(
    face: Face, performer: Performer, played: Performance, moments: Iterable[int], behind: np.ndarray, noise: float,
    rng: np.random.Generator,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """Each of these moments of the performance as RGB uint8[H, W, 3] with its 68 landmarks float32[68, 2], pixels.

    `behind` uint8[H, W, 3] is what stands behind the head, and decides the size of the picture.
    """
    size = behind.shape[1], behind.shape[0]
    for moment in moments:
        seen = face.render(
            played.action_units[moment], played.pose[moment], played.shift[moment], performer.light, size,
            performer.zoom, played.gaze[moment], behind,
        )  # fmt: skip
        yield expose(seen.image, rng, noise, float(played.exposure[moment])), seen.landmarks
