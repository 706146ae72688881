"""Samples to colours: skin, eyes, hair under one soft key light and a sky. Compiled kernels only; no geometry is moved.

Linear RGB inside, grey levels outside by a filmic curve and gamma 2.2. Written for float32: every constant in the
kernels is one, since one float64 among them would double their time.
"""

from typing import NamedTuple

import numpy as np

from microexpr.generated.raster import EYE, HAIR, LASH, SKIN, TEETH, inlined, kernel

_f = np.float32
CURVE_STEPS = 4096
CURVE_END = 2.0  # linear value at which the curve ends


def _curve() -> np.ndarray:
    linear = np.arange(CURVE_STEPS) * (CURVE_END / CURVE_STEPS)
    film = linear * (1 + linear / 4) / (1 + linear * 0.9) * 1.45
    return np.clip(255.5 * np.clip(film, 0, 1) ** (1 / 2.2), 0, 255).astype(np.uint8)


CURVE = _curve()


class Surface(NamedTuple):
    """What is shaded. V vertices, T triangles; textures are indexed by `coordinates` times `detail`."""

    triangles: np.ndarray  # int32[T, 3]
    materials: np.ndarray  # int32[T]
    coordinates: np.ndarray  # float32[V, 3]: u, v, and for hair how deep it lies
    attributes: np.ndarray  # float32[V, 7]: normal, open sky 0..1, key light 0..1, weights of the two fold channels
    skin: np.ndarray  # uint8[h, w, 4]: square root of linear RGB, gloss
    folds: np.ndarray  # uint8[h, w, 2]: 128 is flat, darker in a fold
    detail: np.float32  # texels per unit of u and v
    strands: np.ndarray  # uint8[h, w]: brightness of hair about 128
    hair: np.ndarray  # float32[3]: linear RGB
    iris: np.ndarray  # float32[256, 64]: brightness by angle and radius
    iris_colour: np.ndarray  # float32[3]: linear RGB


class Lamps(NamedTuple):
    """Key light and room, float32[3] each; `half` is halfway between key and camera."""

    direction: np.ndarray
    half: np.ndarray
    key: np.ndarray
    above: np.ndarray
    below: np.ndarray


@inlined
def _mix(values, corners, w0, w1, column):  # type: ignore[no-untyped-def]
    """A column of values by vertex, at weights w0, w1 of a triangle's first two corners."""
    w2 = _f(1) - w0 - w1
    return w0 * values[corners[0], column] + w1 * values[corners[1], column] + w2 * values[corners[2], column]


@inlined
def _bilinear(texture, j, i, fv, fu, channel):  # type: ignore[no-untyped-def]
    above = (_f(1) - fu) * _f(texture[j, i, channel]) + fu * _f(texture[j, i + 1, channel])
    below = (_f(1) - fu) * _f(texture[j + 1, i, channel]) + fu * _f(texture[j + 1, i + 1, channel])
    return (_f(1) - fv) * above + fv * below


@inlined
def _skin(u, v, fold0, fold1, skin, folds, detail):  # type: ignore[no-untyped-def]
    """Linear RGB and gloss, bilinear; folds darken what lies in them by how deep the expression makes them."""
    u = u * detail - _f(0.5)
    v = v * detail - _f(0.5)
    i = min(max(int(u), 0), skin.shape[1] - 2)
    j = min(max(int(v), 0), skin.shape[0] - 2)
    fu, fv = u - _f(i), v - _f(j)
    shade = _f(1 / 255)
    if fold0 + fold1 > _f(0.003):
        depth0 = _bilinear(folds, j, i, fv, fu, 0) - _f(128)
        depth1 = _bilinear(folds, j, i, fv, fu, 1) - _f(128)
        shade *= max(_f(0.4), _f(1) + _f(0.4 / 128) * (fold0 * depth0 + fold1 * depth1))
    red = _bilinear(skin, j, i, fv, fu, 0) * shade
    green = _bilinear(skin, j, i, fv, fu, 1) * shade
    blue = _bilinear(skin, j, i, fv, fu, 2) * shade
    return red * red, green * green, blue * blue, _bilinear(skin, j, i, fv, fu, 3) * _f(1 / 255)


@inlined
def _eye(u, v, iris, colour):  # type: ignore[no-untyped-def]
    """Linear RGB and gloss of an eyeball at (u, v), seen from ahead: white, iris, limbus, pupil, shadow of the lid."""
    radius = np.sqrt(u * u + v * v)
    white = _f(0.93) - _f(0.25) * max(_f(0), radius - _f(0.5))
    red, green, blue, gloss = _f(0.66) * white, _f(0.57) * white * white, _f(0.52) * white * white, _f(0.5)
    if radius < _f(0.455):
        edge = min(_f(1), (_f(0.455) - radius) * _f(18))
        turn = int((np.arctan2(v, u) * _f(0.15915) + _f(0.5)) * _f(255)) % 256
        bright = iris[turn, min(63, int(radius * _f(138)))] * (_f(0.45) if radius > _f(0.40) else _f(1))
        bright *= min(_f(1), max(_f(0), (radius - _f(0.17)) * _f(22)))
        red += edge * (colour[0] * bright + _f(0.004) - red)
        green += edge * (colour[1] * bright + _f(0.004) - green)
        blue += edge * (colour[2] * bright + _f(0.004) - blue)
    open_ = _f(1) - _f(0.7) * min(_f(1), max(_f(0), v * _f(1.6) + _f(0.3)))
    return red * open_, green * open_, blue * open_, gloss * (_f(0.25) + _f(0.75) * open_)


@inlined
def _hair(u, v, depth, strands, colour):  # type: ignore[no-untyped-def]
    """Linear RGB: brighter strands, darker roots."""
    strand = strands[min(max(int(v), 0), strands.shape[0] - 1), min(max(int(u), 0), strands.shape[1] - 1)]
    bright = _f(1) + _f(0.22 / 62) * (_f(strand) - _f(128))
    bright *= _f(0.45) + _f(0.55) * min(_f(1), depth * _f(0.005))
    return colour[0] * bright, colour[1] * bright, colour[2] * bright


@inlined
def _power(x, doublings):  # type: ignore[no-untyped-def]
    for _ in range(doublings):
        x *= x
    return x


@inlined
def _lit(albedo, wrap, normal, sky, lit, gloss, doublings, lamps, channel):  # type: ignore[no-untyped-def]
    """One channel: wrapped diffuse light (red wraps furthest, as under skin), sky and ground, highlight, rim."""
    facing = normal[0] * lamps.direction[0] + normal[1] * lamps.direction[1] + normal[2] * lamps.direction[2]
    diffuse = max(_f(0), (facing + wrap) / (_f(1) + wrap)) * lit
    up = _f(0.5) + _f(0.5) * normal[1]
    room = sky * (lamps.above[channel] * up + lamps.below[channel] * (_f(1) - up))
    mirror = max(_f(0), normal[0] * lamps.half[0] + normal[1] * lamps.half[1] + normal[2] * lamps.half[2])
    highlight = gloss * _power(mirror, doublings) * (lit * _f(0.8) + _f(0.2)) * lamps.key[channel]
    grazing = _f(1) - max(_f(0), normal[2])
    rim = _f(0.6) * gloss * grazing * grazing * sky * lamps.above[channel]
    return albedo * (lamps.key[channel] * diffuse + room) + highlight + rim


@inlined
def _sample(t, w0, w1, surface, lamps):  # type: ignore[no-untyped-def]
    """Linear RGB of one sample on triangle t."""
    corners = (surface.triangles[t, 0], surface.triangles[t, 1], surface.triangles[t, 2])
    by_vertex, coordinates = surface.attributes, surface.coordinates
    x, y, z = (
        _mix(by_vertex, corners, w0, w1, 0), _mix(by_vertex, corners, w0, w1, 1), _mix(by_vertex, corners, w0, w1, 2),
    )  # fmt: skip
    unit = _f(1) / np.sqrt(x * x + y * y + z * z + _f(1e-9))
    normal = (x * unit, y * unit, z * unit)
    sky, lit = _mix(by_vertex, corners, w0, w1, 3), _mix(by_vertex, corners, w0, w1, 4)
    u, v = _mix(coordinates, corners, w0, w1, 0), _mix(coordinates, corners, w0, w1, 1)
    material, wrap, doublings = surface.materials[t], _f(0), 4
    if material == SKIN:
        fold0, fold1 = _mix(by_vertex, corners, w0, w1, 5), _mix(by_vertex, corners, w0, w1, 6)
        red, green, blue, gloss = _skin(u, v, fold0, fold1, surface.skin, surface.folds, surface.detail)
        wrap = _f(0.25)
    elif material == EYE:
        red, green, blue, gloss = _eye(u, v, surface.iris, surface.iris_colour)
        doublings = 7
    elif material == HAIR:
        red, green, blue = _hair(u, v, _mix(coordinates, corners, w0, w1, 2), surface.strands, surface.hair)
        gloss, wrap, doublings = _f(0.05), _f(0.3), 3
    elif material == LASH:
        red, green, blue, gloss = surface.hair[0] * _f(0.4), surface.hair[1] * _f(0.4), surface.hair[2] * _f(0.4), _f(0)
    elif material == TEETH:
        red, green, blue, gloss = _f(0.62), _f(0.55), _f(0.45), _f(0.3)
    else:
        red, green, blue, gloss = _f(0.16), _f(0.035), _f(0.03), _f(0.1)
    return (
        _lit(red, wrap, normal, sky, lit, gloss, doublings, lamps, 0),
        _lit(green, _f(0.55) * wrap, normal, sky, lit, gloss, doublings, lamps, 1),
        _lit(blue, _f(0.4) * wrap, normal, sky, lit, gloss, doublings, lamps, 2),
    )


@inlined
def _level(linear, curve):  # type: ignore[no-untyped-def]
    return curve[min(CURVE_STEPS - 1, int(linear * _f(CURVE_STEPS / CURVE_END)))]


@kernel
def shade(hit, weights, surface, lamps, curve, top, left, image):  # type: ignore[no-untyped-def]
    """Colours of a window of the image, whose samples are two by two to a pixel.

    hit int32[2h, 2w], weights float32[2h, 2w, 2] as from `rasterise`; image uint8[H, W, 3] holds the background and
    is written from row `top`, column `left` on. Where a pixel is all skin it is shaded once, in its middle; hair
    twice; all else at each sample.
    """
    for y in range(hit.shape[0] // 2):
        for x in range(hit.shape[1] // 2):
            j, i = 2 * y, 2 * x
            t = (hit[j, i], hit[j, i + 1], hit[j + 1, i], hit[j + 1, i + 1])
            if max(t) < 0:
                continue
            whole = min(t) >= 0
            if whole and _all_skin(t, surface.materials):
                first, w0, w1 = _middle(t, weights, j, i)
                red, green, blue = _sample(first, w0, w1, surface, lamps)
                image[top + y, left + x, 0] = _level(red, curve)
                image[top + y, left + x, 1] = _level(green, curve)
                image[top + y, left + x, 2] = _level(blue, curve)
                continue
            step = 3 if whole and surface.materials[t[0]] == HAIR and surface.materials[t[3]] == HAIR else 1
            _shade_samples(t, step, weights, j, i, surface, lamps, curve, image, top + y, left + x)


@inlined
def _all_skin(t, materials):  # type: ignore[no-untyped-def]
    return materials[t[0]] == SKIN and materials[t[1]] == SKIN and materials[t[2]] == SKIN and materials[t[3]] == SKIN


@inlined
def _middle(t, weights, j, i):  # type: ignore[no-untyped-def]
    """Triangle and weights for the middle of a pixel: the mean of two opposite samples on one triangle, if any are."""
    if t[0] == t[3]:
        w0, w1 = weights[j, i, 0] + weights[j + 1, i + 1, 0], weights[j, i, 1] + weights[j + 1, i + 1, 1]
        return t[0], _f(0.5) * w0, _f(0.5) * w1
    if t[1] == t[2]:
        w0, w1 = weights[j, i + 1, 0] + weights[j + 1, i, 0], weights[j, i + 1, 1] + weights[j + 1, i, 1]
        return t[1], _f(0.5) * w0, _f(0.5) * w1
    return t[0], weights[j, i, 0], weights[j, i, 1]


@inlined
def _shade_samples(t, step, weights, j, i, surface, lamps, curve, image, row, column):  # type: ignore[no-untyped-def]
    red, green, blue = _f(0), _f(0), _f(0)
    for n in range(0, 4, step):
        if t[n] < 0:
            red += _f(image[row, column, 0])
            green += _f(image[row, column, 1])
            blue += _f(image[row, column, 2])
            continue
        w0, w1 = weights[j + n // 2, i + n % 2, 0], weights[j + n // 2, i + n % 2, 1]
        r, g, b = _sample(t[n], w0, w1, surface, lamps)
        red += _f(_level(r, curve))
        green += _f(_level(g, curve))
        blue += _f(_level(b, curve))
    share = _f(0.25) if step == 1 else _f(0.5)
    image[row, column, 0] = int(red * share + _f(0.5))
    image[row, column, 1] = int(green * share + _f(0.5))
    image[row, column, 2] = int(blue * share + _f(0.5))
