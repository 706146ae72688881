"""Define the inputs of shading, and the reflection of a point: colour, gloss and relief under a key light and a sky.

The functions are those that the kernels of `shading` inline; no mesh, no image.

Colours are linear RGB. All constants are float32, since one float64 among them would double the time of a kernel.
"""

from typing import NamedTuple

import numpy as np

from facs_faces.raster import EYE, FRAME, LASH, TEETH, inlined

_f = np.float32

CURVE_STEPS = 4096
CURVE_END = 2.0  # linear value at which the curve ends

BLOCK = 64  # samples of skin or hair that are shaded together
ATTRIBUTES = 8  # of a vertex, see `Surface`
_linear = np.arange(CURVE_STEPS) * (CURVE_END / CURVE_STEPS)
_film = _linear * (1 + _linear / 4) / (1 + _linear * 0.9) * 1.45
# the tone curve, uint8[CURVE_STEPS], of linear light in 0..CURVE_END
CURVE = np.clip(255.5 * np.clip(_film, 0, 1) ** (1 / 2.2), 0, 255).astype(np.uint8)


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
    values: np.ndarray  # float32[ATTRIBUTES BLOCK]: attributes of a block of samples
    colours: np.ndarray  # float32[3 BLOCK]: their linear RGB
    texels: np.ndarray  # uint64[6 BLOCK]: the four texels around each sample, offsets from the first one
    levels: np.ndarray  # float32[W, 3]: grey levels of pixels with two samples

    @classmethod
    def of(cls, width: int) -> "Row":
        """Return memory for rows of this width."""
        counts, x, t = (np.zeros(shape, np.int32) for shape in (5, (5, 2 * width), (4, 2 * width)))
        shapes = (4, 2 * width, 3), ATTRIBUTES * BLOCK, 3 * BLOCK, (width, 3)
        weights, values, colours, levels = (np.zeros(shape, np.float32) for shape in shapes)
        return cls(counts, x, t, weights, values, colours, np.zeros(6 * BLOCK, np.uint64), levels)


@inlined
def unit(x, y, z):  # type: ignore[no-untyped-def]
    scale = _f(1) / np.sqrt(x * x + y * y + z * z + _f(1e-9))
    return x * scale, y * scale, z * scale


@inlined
def dot(a, b):  # type: ignore[no-untyped-def]
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inlined
def power(x, doublings):  # type: ignore[no-untyped-def]
    for _ in range(doublings):
        x *= x
    return x


@inlined
def clamp(x):  # type: ignore[no-untyped-def]
    return min(_f(1), max(_f(0), x))


@inlined
def three(vector):  # type: ignore[no-untyped-def]
    return vector[0], vector[1], vector[2]


@inlined
def texel(u, v, texture):  # type: ignore[no-untyped-def]
    """Return row and column of the texel at (u, v), and how far (u, v) is from it along u and down v, in 1 / 256.

    All are unsigned, which saves numba's test for negative indices."""
    x = min(max(int(u * _f(256)), 0), 256 * texture.shape[1] - 257)
    y = min(max(int(v * _f(256)), 0), 256 * texture.shape[0] - 257)
    return np.uint32(y >> 8), np.uint32(x >> 8), np.uint64(x & 255), np.uint64(y & 255)


@inlined
def _even(texels):  # type: ignore[no-untyped-def]
    """Return the even bytes of four packed texels, 16 bits each: one product then weights four channels."""
    mask, (a, b, c, d) = np.uint64(0x00FF00FF00FF00FF), texels
    return a & mask, b & mask, c & mask, d & mask


@inlined
def _odd(texels):  # type: ignore[no-untyped-def]
    byte, (a, b, c, d) = np.uint64(8), texels
    return _even((a >> byte, b >> byte, c >> byte, d >> byte))


@inlined
def _sides(texels, along, down):  # type: ignore[no-untyped-def]
    """Return 256 times the packed texels left, right, above and below of a point between four."""
    a, b, c, d = texels
    up, left = np.uint64(256) - down, np.uint64(256) - along
    return up * a + down * c, up * b + down * d, left * a + along * b, left * c + along * d


@inlined
def _bilinear(texels, along, down):  # type: ignore[no-untyped-def]
    """Return 256 times the packed texel, interpolated between four."""
    a, b, c, d = texels
    both = (along * down + np.uint64(128)) >> np.uint64(8)
    return (np.uint64(256) + both - along - down) * a + (along - both) * b + (down - both) * c + both * d


@inlined
def _channel(packed, k):  # type: ignore[no-untyped-def]
    """Return one of four numbers of 16 bits, float32."""
    return _f(np.int32((packed >> np.uint64(16 * k)) & np.uint64(0xFFFF)))


@inlined
def skin_colour(texels, along, down, fold0, fold1, normal, detail):  # type: ignore[no-untyped-def]
    """Return linear RGB, gloss, and the normal of the relief: pores, lines, and folds as deep as the expression makes
    them. Folds also darken the skin in them."""
    left, right, upper, lower = _sides(_odd(texels), along, down)
    slope0, slope1 = _channel(right, 0) - _channel(left, 0), _channel(right, 1) - _channel(left, 1)
    drop0, drop1 = _channel(lower, 0) - _channel(upper, 0), _channel(lower, 1) - _channel(upper, 1)
    fraction = _f(np.int32(along)) * _f(1 / 256)
    height0, height1 = _channel(left, 0) + fraction * slope0, _channel(left, 1) + fraction * slope1
    height = fold0 * (height0 - _f(32768)) + fold1 * (height1 - _f(32768))
    shade = _f(1 / 65280) * max(_f(0.4), _f(1) + _f(0.24 / 32768) * height)
    steep = _f(0.032 / 256) * detail
    slope = _channel(right, 2) - _channel(left, 2) + _f(0.6) * (fold0 * slope0 + fold1 * slope1)
    drop = _channel(lower, 2) - _channel(upper, 2) + _f(0.6) * (fold0 * drop0 + fold1 * drop1)
    slope, drop = steep * slope, steep * drop
    bent = unit(normal[0] - slope * normal[2], normal[1] + drop, normal[2] + slope * normal[0])
    colour = _bilinear(_even(texels), along, down)
    red, green, blue = _channel(colour, 0) * shade, _channel(colour, 1) * shade, _channel(colour, 2) * shade
    return red * red, green * green, blue * blue, _channel(colour, 3) * _f(1 / 65280), bent


@inlined
def _eye(u, v, iris, colour):  # type: ignore[no-untyped-def]
    """Return linear RGB of an eyeball at (u, v), from the front: white, iris, limbal ring, pupil, shadow of the lid."""
    radius = np.sqrt(u * u + v * v)
    corner = max(_f(0), radius - _f(0.5))
    white = _f(0.74) - _f(0.5) * corner
    red, green, blue = _f(0.6) * white, _f(0.52) * white * (_f(1) - _f(0.4) * corner), _f(0.56) * white * white
    flesh = clamp((abs(u) - _f(0.6)) * _f(3.5))  # at both corners, redder than the skin
    red, green, blue = red - flesh * _f(0.45) * red, green - flesh * _f(0.7) * green, blue - flesh * _f(0.72) * blue
    if radius < _f(0.48):
        edge = clamp((_f(0.48) - radius) * _f(8))
        turn = int((np.arctan2(v, u) * _f(0.15915) + _f(0.5)) * _f(255)) % 256
        ring = _f(1) - _f(0.65) * clamp((radius - _f(0.33)) * _f(9))
        bright = iris[turn, min(63, int(radius * _f(136)))] * ring * (_f(0.85) - v)
        bright *= clamp((radius - _f(0.14)) * _f(14))
        red += edge * (colour[0] * bright + _f(0.004) - red)
        green += edge * (colour[1] * bright + _f(0.004) - green)
        blue += edge * (colour[2] * bright + _f(0.004) - blue)
    shaded = _f(1) - _f(0.72) * clamp(v * _f(2.4) + _f(0.2)) - _f(0.3) * clamp(_f(-4) * v - _f(0.8))
    return red * shaded, green * shaded, blue * shaded


@inlined
def _glint(u, v, normal, lamps):  # type: ignore[no-untyped-def]
    """Return the reflection in the moist eye of a soft box and, fainter, of a window, 0..1: squares with soft edges.

    The cornea bulges, so that the box is smaller there and nearer to the middle."""
    bulge = _f(0.9) if u * u + v * v < _f(0.22) else _f(0)
    x, y, z = unit(normal[0] + bulge * u, normal[1] + bulge * v, normal[2])
    x, y = _f(2) * z * x, _f(2) * z * y
    box = clamp((_f(0.28) - abs(x - lamps.direction[0])) * _f(5))
    box *= clamp((_f(0.3) - abs(y - _f(0.65) * lamps.direction[1])) * _f(5))  # the box reaches down to eye level
    window = clamp((_f(0.25) - abs(x + _f(0.7) * lamps.direction[0])) * _f(6))
    window *= clamp((_f(0.4) - abs(y - _f(0.25))) * _f(6))
    return box + _f(0.16) * window + _f(0.004)  # and of the room


@inlined
def strand_brightness(u, v, strands):  # type: ignore[no-untyped-def]
    """Return the brightness of the strand at (u, v), about -1..1."""
    rows, columns = strands.shape
    value = strands[int((v + _f(64)) * _f(rows)) & (rows - 1), int((u + _f(64)) * _f(columns)) & (columns - 1)]
    return (_f(value) - _f(128)) * _f(1 / 62)


@inlined
def other_colour(material, u, v, normal, surface, lamps):  # type: ignore[no-untyped-def]
    """Return linear RGB, gloss and glint of everything but skin, hair and cloth."""
    if material == EYE:
        red, green, blue = _eye(u, v, surface.iris, surface.iris_colour)
        return red, green, blue, _f(0), _f(1.35) * _glint(u, v, normal, lamps)
    if material == LASH:
        red, green, blue = surface.hair[0], surface.hair[1], surface.hair[2]
        return _f(0.014) + _f(0.3) * red, _f(0.01) + _f(0.3) * green, _f(0.009) + _f(0.3) * blue, _f(0), _f(0)
    if material == TEETH:
        between = np.cos((u - _f(1023.5)) * _f(0.138))  # +-1 between two incisors, 23 units wide each
        white = _f(1) - _f(0.3) * power(between * between, 3)
        return _f(0.8) * white, _f(0.73) * white, _f(0.61) * white, _f(0.25), _f(0)
    if material == FRAME:
        return surface.frame[0], surface.frame[1], surface.frame[2], _f(0.12), _f(0)
    return _f(0.26), _f(0.07), _f(0.065), _f(0.15), _f(0)


@inlined
def reflected(albedo, facing, wrap, bleed, normal, sky, lit, shine, rim, lamps, channel):  # type: ignore[no-untyped-def]
    """Return one channel: wrapped diffuse light that bleeds into the shadow's edge, sky and ground, highlight, rim."""
    lit = lit * (_f(1) + bleed * (_f(1) - lit))
    diffuse = max(_f(0), (facing + wrap) / (_f(1) + wrap)) * lit
    up = _f(0.5) + _f(0.5) * normal[1]
    room = sky * (lamps.above[channel] * up + lamps.below[channel] * (_f(1) - up))
    return albedo * (lamps.key[channel] * diffuse + room) + shine * lamps.key[channel] + rim * lamps.above[channel]


@inlined
def gleam(normal, ahead, gloss, sky, lit, lamps):  # type: ignore[no-untyped-def]
    """Return the highlight of the key light and the rim of a surface seen at a grazing angle."""
    shine = power(max(_f(0), dot(normal, lamps.half)), 4)
    shine = gloss * (_f(0.75) * shine + _f(0.55) * shine * shine * shine) * (lit * _f(0.8) + _f(0.2))
    grazing = _f(1) - max(_f(0), ahead)
    return shine, _f(0.6) * gloss * grazing * grazing * sky
