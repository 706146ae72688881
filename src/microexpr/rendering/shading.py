"""Shade samples: skin, eyes, hair, cloth under one soft key light and a sky. Compiled kernels only.

Colours are linear RGB inside and grey levels outside, by a filmic curve and gamma 2.2. All constants in the kernels are
float32, since one float64 among them would double their time.
"""

import numpy as np

from microexpr.rendering.raster import CLOTH, EYE, FRAME, HAIR, LASH, SKIN, TEETH, inlined, kernel
from microexpr.rendering.surface import CURVE_END, CURVE_STEPS

_f = np.float32


@inlined
def _mix(values, corners, w0, w1, column):  # type: ignore[no-untyped-def]
    """Interpolate a column of values by vertex, at weights w0, w1 of a triangle's first two corners."""
    w2 = _f(1) - w0 - w1
    return w0 * values[corners[0], column] + w1 * values[corners[1], column] + w2 * values[corners[2], column]


@inlined
def _unit(x, y, z):  # type: ignore[no-untyped-def]
    scale = _f(1) / np.sqrt(x * x + y * y + z * z + _f(1e-9))
    return x * scale, y * scale, z * scale


@inlined
def _dot(a, b):  # type: ignore[no-untyped-def]
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inlined
def _power(x, doublings):  # type: ignore[no-untyped-def]
    for _ in range(doublings):
        x *= x
    return x


@inlined
def _clip(x):  # type: ignore[no-untyped-def]
    return min(_f(1), max(_f(0), x))


@inlined
def _bilinear(texture, j, i, fv, fu, channel):  # type: ignore[no-untyped-def]
    above = (_f(1) - fu) * _f(texture[j, i, channel]) + fu * _f(texture[j, i + 1, channel])
    below = (_f(1) - fu) * _f(texture[j + 1, i, channel]) + fu * _f(texture[j + 1, i + 1, channel])
    return (_f(1) - fv) * above + fv * below


@inlined
def _slopes(texture, j, i, fv, fu, channel):  # type: ignore[no-untyped-def]
    """Return the change per texel along u and along v."""
    a, b = _f(texture[j, i, channel]), _f(texture[j, i + 1, channel])
    c, d = _f(texture[j + 1, i, channel]), _f(texture[j + 1, i + 1, channel])
    return (_f(1) - fv) * (b - a) + fv * (d - c), (_f(1) - fu) * (c - a) + fu * (d - b)


@inlined
def _skin(u, v, fold0, fold1, normal, surface):  # type: ignore[no-untyped-def]
    """Return linear RGB, gloss, and the normal of the relief: pores, lines, and folds as deep as the expression makes
    them. Folds also darken the skin in them."""
    skin, relief = surface.skin, surface.relief
    u = u * surface.detail - _f(0.5)
    v = v * surface.detail - _f(0.5)
    i = min(max(int(u), 0), skin.shape[1] - 2)
    j = min(max(int(v), 0), skin.shape[0] - 2)
    fu, fv = u - _f(i), v - _f(j)
    shade = _f(1 / 255)
    across, down = _slopes(relief, j, i, fv, fu, 2)
    if fold0 + fold1 > _f(0.003):
        depth0 = _bilinear(relief, j, i, fv, fu, 0) - _f(128)
        depth1 = _bilinear(relief, j, i, fv, fu, 1) - _f(128)
        shade *= max(_f(0.4), _f(1) + _f(0.24 / 128) * (fold0 * depth0 + fold1 * depth1))
        across0, down0 = _slopes(relief, j, i, fv, fu, 0)
        across1, down1 = _slopes(relief, j, i, fv, fu, 1)
        across += _f(0.6) * (fold0 * across0 + fold1 * across1)
        down += _f(0.6) * (fold0 * down0 + fold1 * down1)
    steep = _f(0.032) * surface.detail
    across, down = steep * across, steep * down
    bent = _unit(normal[0] - across * normal[2], normal[1] + down, normal[2] + across * normal[0])
    red = _bilinear(skin, j, i, fv, fu, 0) * shade
    green = _bilinear(skin, j, i, fv, fu, 1) * shade
    blue = _bilinear(skin, j, i, fv, fu, 2) * shade
    return red * red, green * green, blue * blue, _bilinear(skin, j, i, fv, fu, 3) * _f(1 / 255), bent


@inlined
def _eye(u, v, iris, colour):  # type: ignore[no-untyped-def]
    """Return linear RGB of an eyeball at (u, v), from the front: white, iris, limbal ring, pupil, shadow of the lid."""
    radius = np.sqrt(u * u + v * v)
    corner = max(_f(0), radius - _f(0.5))
    white = _f(0.95) - _f(0.35) * corner
    red, green, blue = _f(0.62) * white, _f(0.55) * white * (_f(1) - _f(0.3) * corner), _f(0.52) * white * white
    if radius < _f(0.47):
        edge = _clip((_f(0.47) - radius) * _f(16))
        turn = int((np.arctan2(v, u) * _f(0.15915) + _f(0.5)) * _f(255)) % 256
        ring = _f(1) - _f(0.7) * _clip((radius - _f(0.36)) * _f(14))
        bright = iris[turn, min(63, int(radius * _f(136)))] * ring * (_f(0.85) - v)
        bright *= _clip((radius - _f(0.16)) * _f(22))
        red += edge * (colour[0] * bright + _f(0.003) - red)
        green += edge * (colour[1] * bright + _f(0.003) - green)
        blue += edge * (colour[2] * bright + _f(0.003) - blue)
    shaded = _f(1) - _f(0.6) * _clip(v * _f(2.2) + _f(0.1))
    return red * shaded, green * shaded, blue * shaded


@inlined
def _glint(u, v, normal, lamps):  # type: ignore[no-untyped-def]
    """Return the reflection in the moist eye of a soft box and, fainter, of a window, 0..1: squares with soft edges.

    The cornea bulges, so that the box is smaller there and nearer to the middle."""
    bulge = _f(0.9) if u * u + v * v < _f(0.22) else _f(0)
    x, y, z = _unit(normal[0] + bulge * u, normal[1] + bulge * v, normal[2])
    x, y = _f(2) * z * x, _f(2) * z * y
    box = _clip((_f(0.28) - abs(x - lamps.direction[0])) * _f(7))
    box *= _clip((_f(0.3) - abs(y - _f(0.65) * lamps.direction[1])) * _f(7))  # the box reaches down to eye level
    window = _clip((_f(0.25) - abs(x + _f(0.7) * lamps.direction[0])) * _f(6))
    window *= _clip((_f(0.4) - abs(y - _f(0.25))) * _f(6))
    return box + _f(0.13) * window


@inlined
def _strand(u, v, strands):  # type: ignore[no-untyped-def]
    """Return the brightness of the strand at (u, v), about -1..1."""
    rows, columns = strands.shape
    value = strands[int((v + _f(64)) * _f(rows)) & (rows - 1), int((u + _f(64)) * _f(columns)) & (columns - 1)]
    return (_f(value) - _f(128)) * _f(1 / 62)


@inlined
def _hair(strand, depth, light, along, across, gleam, surface, lamps, channel):  # type: ignore[no-untyped-def]
    """Return one channel of hair: brighter strands, darker roots, a sheen across them (Kajiya and Kay 1989)."""
    thick = (_f(1) + _f(0.2) * strand) * (_f(0.5) + _f(0.5) * _clip(depth * _f(0.006)))
    cosine = along - (_f(0.12) + _f(0.12) * strand) * across  # scales tilt the sheen towards the root
    sheen = gleam * _power(max(_f(0), _f(1) - cosine * cosine), 4)
    shine = sheen * (_f(0.022) + _f(0.55) * thick * surface.hair[channel])
    return thick * light + shine * lamps.key[channel]


@inlined
def _lit(albedo, facing, wrap, bleed, normal, sky, lit, shine, rim, lamps, channel):  # type: ignore[no-untyped-def]
    """Return one channel: wrapped diffuse light that bleeds into the shadow's edge, sky and ground, highlight, rim."""
    lit = lit * (_f(1) + bleed * (_f(1) - lit))
    diffuse = max(_f(0), (facing + wrap) / (_f(1) + wrap)) * lit
    up = _f(0.5) + _f(0.5) * normal[1]
    room = sky * (lamps.above[channel] * up + lamps.below[channel] * (_f(1) - up))
    return albedo * (lamps.key[channel] * diffuse + room) + shine * lamps.key[channel] + rim * lamps.above[channel]


@inlined
def _sample(t, w0, w1, surface, lamps):  # type: ignore[no-untyped-def]
    """Return linear RGB of one sample on triangle t."""
    corners = (surface.triangles[t, 0], surface.triangles[t, 1], surface.triangles[t, 2])
    by_vertex, coordinates = surface.attributes, surface.coordinates
    u, v = _mix(coordinates, corners, w0, w1, 0), _mix(coordinates, corners, w0, w1, 1)
    x, y, z = (
        _mix(by_vertex, corners, w0, w1, 0), _mix(by_vertex, corners, w0, w1, 1), _mix(by_vertex, corners, w0, w1, 2)
    )  # fmt: skip
    material = surface.materials[t]
    if material == CLOTH:  # knitted: fine threads, as irregular as hair
        knit = _f(1) + _f(0.04) * _strand(u * _f(1.7), v, surface.strands)
        return knit * x, knit * y, knit * z
    fourth, fifth = _mix(by_vertex, corners, w0, w1, 3), _mix(by_vertex, corners, w0, w1, 4)
    sixth = _mix(by_vertex, corners, w0, w1, 5)
    if material == HAIR:
        strand, depth = _strand(u, v, surface.strands), _mix(coordinates, corners, w0, w1, 2)
        return (
            _hair(strand, depth, x, fourth, fifth, sixth, surface, lamps, 0),
            _hair(strand, depth, y, fourth, fifth, sixth, surface, lamps, 1),
            _hair(strand, depth, z, fourth, fifth, sixth, surface, lamps, 2),
        )
    normal, sky, lit = _unit(x, y, z), fourth, fifth
    glint, bent, gloss, doublings = _f(0), normal, _f(0), 4
    if material == SKIN:
        red, green, blue, gloss, bent = _skin(u, v, sixth, _mix(by_vertex, corners, w0, w1, 6), normal, surface)
    elif material == EYE:
        red, green, blue = _eye(u, v, surface.iris, surface.iris_colour)
        glint = _f(0.9) * _glint(u, v, normal, lamps)
    elif material == LASH:
        red, green, blue = surface.hair[0] * _f(0.12), surface.hair[1] * _f(0.12), surface.hair[2] * _f(0.12)
    elif material == TEETH:
        between = np.cos((u - _f(1023.5)) * _f(0.138))  # +-1 between two incisors, 23 units wide each
        white = _f(1) - _f(0.35) * _power(between * between, 3)
        red, green, blue, gloss = _f(0.72) * white, _f(0.62) * white, _f(0.47) * white, _f(0.25)
    elif material == FRAME:
        red, green, blue, gloss = surface.frame[0], surface.frame[1], surface.frame[2], _f(0.12)
    else:
        red, green, blue, gloss = _f(0.34), _f(0.1), _f(0.09), _f(0.15)
    facing = _dot(normal, lamps.direction)
    rough = _dot(bent, lamps.direction)
    # Red light travels furthest under the skin: it blurs relief, the shadow's edge and the terminator.
    wrap, bleed = (_f(0.25), _f(0.35)) if material == SKIN else (_f(0), _f(0))
    shine = _power(max(_f(0), _dot(bent, lamps.half)), doublings)
    shine = gloss * (_f(0.75) * shine + _f(0.55) * shine * shine * shine) * (lit * _f(0.8) + _f(0.2)) + glint
    grazing = _f(1) - max(_f(0), normal[2])
    rim = _f(0.6) * gloss * grazing * grazing * sky
    return (
        _lit(red, _f(0.6) * facing + _f(0.4) * rough, wrap, bleed, bent, sky, lit, shine, rim, lamps, 0),
        _lit(green, rough, _f(0.55) * wrap, _f(-0.1) * bleed, bent, sky, lit, shine, rim, lamps, 1),
        _lit(blue, rough, _f(0.4) * wrap, _f(-0.3) * bleed, bent, sky, lit, shine, rim, lamps, 2),
    )


@inlined
def _level(linear, curve):  # type: ignore[no-untyped-def]
    return _f(curve[min(CURVE_STEPS - 1, int(linear * _f(CURVE_STEPS / CURVE_END)))])


@kernel
def shade(hit, weights, surface, lamps, curve, top, left, image):  # type: ignore[no-untyped-def]
    """Shade a window of the image from two samples a pixel, one above the other.

    hit int32[2h, w], weights float32[2h, w, 2] as from `rasterise`; image uint8[H, W, 3] holds the background and
    is written from row `top`, column `left` on. A pixel of skin or cloth alone is shaded once, in its middle.
    """
    for y in range(hit.shape[0] // 2):
        for x in range(hit.shape[1]):
            upper, lower = hit[2 * y, x], hit[2 * y + 1, x]
            if max(upper, lower) < 0:
                continue
            smooth = _smooth(upper, lower, surface.materials)
            red, green, blue = _f(0), _f(0), _f(0)
            for sample in range(1 if smooth else 2):
                t, w0, w1 = hit[2 * y + sample, x], weights[2 * y + sample, x, 0], weights[2 * y + sample, x, 1]
                if t < 0:
                    red += _f(image[top + y, left + x, 0])
                    green += _f(image[top + y, left + x, 1])
                    blue += _f(image[top + y, left + x, 2])
                    continue
                if smooth and upper == lower:
                    w0, w1 = _f(0.5) * (w0 + weights[2 * y + 1, x, 0]), _f(0.5) * (w1 + weights[2 * y + 1, x, 1])
                r, g, b = _sample(t, w0, w1, surface, lamps)
                red += _level(r, curve)
                green += _level(g, curve)
                blue += _level(b, curve)
            share = _f(1) if smooth else _f(0.5)
            image[top + y, left + x, 0] = int(red * share + _f(0.5))
            image[top + y, left + x, 1] = int(green * share + _f(0.5))
            image[top + y, left + x, 2] = int(blue * share + _f(0.5))


@inlined
def _smooth(upper, lower, materials):  # type: ignore[no-untyped-def]
    """Return whether both samples are of one material that hardly changes within a pixel."""
    if min(upper, lower) < 0:
        return False
    material = materials[upper]
    return (material == SKIN or material == CLOTH) and materials[lower] == material


@kernel
def light_vertices(materials, normals, tangents, turn, sky, lit, folds, surface, lamps):  # type: ignore[no-untyped-def]
    """Write the surface's attributes: what `shade` interpolates between vertices.

    materials int32[V], normals and tangents float32[V, 3] of the head before it is turned by float32[3, 3], sky, lit
    float32[V], folds float32[F, 2] of the first F vertices.
    """
    attributes = surface.attributes
    for i in range(materials.shape[0]):
        normal = _turned(turn, normals, i)
        if materials[i] == HAIR or materials[i] == CLOTH:
            colour = surface.hair if materials[i] == HAIR else surface.cloth
            facing = _dot(normal, lamps.direction)
            wrap = _f(0.3) if materials[i] == HAIR else _f(0)
            for channel in range(3):
                light = _lit(colour[channel], facing, wrap, _f(0), normal, sky[i], lit[i], _f(0), _f(0), lamps, channel)
                attributes[i, channel] = light
            tangent = _turned(turn, tangents, i)
            smooth = _dot(tangent, tangent)  # 0 for coils
            attributes[i, 3] = _dot(tangent, lamps.half)
            attributes[i, 4] = _dot(normal, lamps.half)
            attributes[i, 5] = smooth * (_f(0.35) * sky[i] + _f(0.65) * lit[i] * _clip(facing + _f(0.5)))
        else:
            attributes[i, 0], attributes[i, 1], attributes[i, 2] = normal
            attributes[i, 3], attributes[i, 4] = sky[i], lit[i]
            for channel in range(2):
                attributes[i, 5 + channel] = folds[i, channel] if i < folds.shape[0] else _f(0)


@inlined
def _turned(turn, vectors, i):  # type: ignore[no-untyped-def]
    x, y, z = vectors[i, 0], vectors[i, 1], vectors[i, 2]
    return (
        turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z,
        turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z,
        turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z,
    )
