"""Define the inputs of shading: surfaces, lamps, and the tone curve from linear light to grey levels."""

from typing import NamedTuple

import numpy as np

from microexpr.rendering.lanes import LANES

CURVE_STEPS = 4096
CURVE_END = 2.0  # linear value at which the curve ends

BLOCK = 64  # samples of skin or hair that are shaded together


def _curve() -> np.ndarray:
    """Return the tone curve, uint8[CURVE_STEPS], of linear light in 0..CURVE_END."""
    linear = np.arange(CURVE_STEPS) * (CURVE_END / CURVE_STEPS)
    film = linear * (1 + linear / 4) / (1 + linear * 0.9) * 1.45
    return np.clip(255.5 * np.clip(film, 0, 1) ** (1 / 2.2), 0, 255).astype(np.uint8)


CURVE = _curve()


class Surface(NamedTuple):
    """The surfaces to shade. V vertices, T triangles; `coordinates` times `detail` index the skin's textures."""

    triangles: np.ndarray  # int32[T, 3]
    materials: np.ndarray  # int32[T]
    coordinates: np.ndarray  # float32[V, 3]: u, v, and for hair its depth below the surface
    # float32[V, 8], written by `light_vertices`. Hair, cloth: linear RGB under diffuse light; hair also: cosines of the
    # halfway direction with its tangent and normal, strength of its sheen; last u and v. Others: normal, open sky 0..1,
    # key light 0..1, weights of the two fold channels, u
    attributes: np.ndarray
    skin: np.ndarray  # uint64[h, w], see skin.Skin
    detail: np.float32  # texels per unit of u and v
    strands: np.ndarray  # uint8[h, w]: brightness of hair about 128; a repeating pattern
    hair: np.ndarray  # float32[3]: linear RGB
    cloth: np.ndarray  # float32[3]: linear RGB
    frame: np.ndarray  # float32[3]: linear RGB of spectacles
    iris: np.ndarray  # float32[256, 64]: brightness by angle and radius
    iris_colour: np.ndarray  # float32[3]: linear RGB


class Lamps(NamedTuple):
    """Key light and room light, float32[3] each; `half` is the direction halfway between key light and camera."""

    direction: np.ndarray
    half: np.ndarray
    key: np.ndarray
    above: np.ndarray
    below: np.ndarray


class Row(NamedTuple):
    """Memory for the samples of one row of W pixels: queues of skin, hair, cloth and others, up to 2 W samples each.

    A fifth queue holds the columns of pixels with two samples."""

    counts: np.ndarray  # int32[5]
    x: np.ndarray  # int32[5, 2 W]: column of the pixel
    t: np.ndarray  # int32[4, 2 W]: triangle
    weights: np.ndarray  # float32[4, 2 W, 3]: weights of the first two corners, share of the pixel
    values: np.ndarray  # float32[LANES BLOCK]: attributes of a block of samples
    colours: np.ndarray  # float32[3 BLOCK]: their linear RGB
    texels: np.ndarray  # uint64[6 BLOCK]: the four texels around each sample, offsets from the first one
    levels: np.ndarray  # float32[W, 3]: grey levels of pixels with two samples

    @classmethod
    def of(cls, width: int) -> "Row":
        """Return memory for rows of this width."""
        return cls(
            np.zeros(5, np.int32),
            np.zeros((5, 2 * width), np.int32),
            np.zeros((4, 2 * width), np.int32),
            np.zeros((4, 2 * width, 3), np.float32),
            np.zeros(LANES * BLOCK, np.float32),
            np.zeros(3 * BLOCK, np.float32),
            np.zeros(6 * BLOCK, np.uint64),
            np.zeros((width, 3), np.float32),
        )
