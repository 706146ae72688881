"""Shade samples of skin, eyes, hair and cloth, sorted by material. Compiled kernels only.

Colours are linear RGB inside and grey levels outside, by a filmic curve and gamma 2.2. All constants in the kernels are
float32, since one float64 among them would double their time.
"""

import numpy as np

from facs_faces.materials import (
    ATTRIBUTES,
    BLOCK,
    CURVE_END,
    CURVE_STEPS,
    Lamps,
    clamp,
    dot,
    gleam,
    other_colour,
    power,
    reflected,
    skin_colour,
    strand_brightness,
    texel,
    three,
    unit,
)
from facs_faces.raster import CLOTH, HAIR, SKIN, inlined, kernel

EDGES = 4  # the queue of pixels with two samples
_f = np.float32


@inlined
def _mix(values, corners, w0, w1, column):  # type: ignore[no-untyped-def]
    """Interpolate a column of values by vertex, at weights w0, w1 of a triangle's first two corners."""
    w2 = _f(1) - w0 - w1
    return w0 * values[corners[0], column] + w1 * values[corners[1], column] + w2 * values[corners[2], column]


@kernel
def shade(shape, samples, surface, lamps, curve, top, left, row, image):  # type: ignore[no-untyped-def]
    """Shade a window of the image from two samples a pixel, one above the other.

    `shape` are numbers of rows 2h and columns w of `samples` (see raster); image uint8[H, W, 3] holds the background
    and is written from row `top`, column `left` on; `row` is memory for a row's samples. The samples of a row are
    sorted by material, and each loop below shades one: short loops without branches keep the processor busy."""
    rows, columns = shape
    for y in range(rows // 2):
        window = image[top + y, left : left + columns]
        _sort(2 * y * columns, samples, surface, row, window)
        _shade_skin(surface, lamps, curve, row, window)
        _shade_hair(surface, lamps, curve, row, window)
        _shade_cloth(surface, curve, row, window)
        _shade_others(surface, lamps, curve, row, window)
        for k in range(row.counts[EDGES]):
            x = row.x[EDGES, k]
            for channel in range(3):
                window[x, channel] = int(row.levels[x, channel] + _f(0.5))


@kernel
def _sort(start, samples, surface, row, window):  # type: ignore[no-untyped-def]
    """Write the samples of a row of pixels to its queues. A pixel of one smooth surface has one, in its middle."""
    row.counts[:] = 0
    columns = window.shape[0]
    for x in range(columns):
        above = np.uint32(start + x)
        below = np.uint32(above + columns)
        upper, lower = samples.hit[above], samples.hit[below]
        if max(upper, lower) < 0:
            continue
        if min(upper, lower) >= 0 and _smooth(upper, lower, surface.materials):
            w0, w1 = samples.first[above], samples.second[above]
            if upper == lower:
                w0, w1 = _f(0.5) * (w0 + samples.first[below]), _f(0.5) * (w1 + samples.second[below])
            _push(row, _queue(surface.materials[upper]), x, upper, w0, w1, _f(1))
            continue
        row.x[EDGES, row.counts[EDGES]] = x
        row.counts[EDGES] += 1
        behind = _f(0.5) * _f(int(upper < 0) + int(lower < 0))
        for channel in range(3):
            row.levels[x, channel] = behind * _f(window[x, channel])
        for index in (above, below):
            t = samples.hit[index]
            if t >= 0:
                _push(row, _queue(surface.materials[t]), x, t, samples.first[index], samples.second[index], _f(0.5))


@inlined
def _smooth(upper, lower, materials):  # type: ignore[no-untyped-def]
    """Return whether the two samples of a pixel show one surface that hardly changes between them."""
    if upper == lower:
        return materials[upper] in (SKIN, HAIR, CLOTH)
    return materials[upper] == materials[lower] and materials[upper] in (SKIN, CLOTH)


@inlined
def _queue(material):  # type: ignore[no-untyped-def]
    if material == SKIN:
        return 0
    if material == HAIR:
        return 1
    return 2 if material == CLOTH else 3


@inlined
def _push(row, queue, x, t, w0, w1, share):  # type: ignore[no-untyped-def]
    k = row.counts[queue]
    row.counts[queue] += 1
    row.x[queue, k], row.t[queue, k] = x, t
    row.weights[queue, k, 0], row.weights[queue, k, 1], row.weights[queue, k, 2] = w0, w1, share


@inlined
def _pop(row, queue, k, surface):  # type: ignore[no-untyped-def]
    """Return the corners and weights of a sample."""
    t = np.uint32(row.t[queue, k])
    triangles = surface.triangles
    corners = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
    return corners, row.weights[queue, k, 0], row.weights[queue, k, 1]


@inlined
def _expose(row, queue, k, red, green, blue, curve, window):  # type: ignore[no-untyped-def]
    """Write a sample's grey levels to its pixel, or add them to those of the pixel's other sample."""
    x, share = row.x[queue, k], row.weights[queue, k, 2]
    levels = _level(red, curve), _level(green, curve), _level(blue, curve)
    if share == _f(1):
        window[x, 0], window[x, 1], window[x, 2] = levels
    else:
        row.levels[x, 0] += share * _f(levels[0])
        row.levels[x, 1] += share * _f(levels[1])
        row.levels[x, 2] += share * _f(levels[2])


@inlined
def _level(linear, curve):  # type: ignore[no-untyped-def]
    return curve[min(CURVE_STEPS - 1, int(linear * _f(CURVE_STEPS / CURVE_END)))]


@inlined
def _mix_all(surface, corners, w0, w1, values, start):  # type: ignore[no-untyped-def]
    """Interpolate all attributes, and write them to `values` from `start` on."""
    for column in range(ATTRIBUTES):
        values[start + column] = _mix(surface.attributes, corners, w0, w1, column)


@inlined
def _mix_block(first, count, queue, surface, row):  # type: ignore[no-untyped-def]
    """Write the attributes of a block of samples, and v of skin or the depth of hair."""
    column = 2 if queue == 1 else 1
    for k in range(count):
        corners, w0, w1 = _pop(row, queue, first + k, surface)
        _mix_all(surface, corners, w0, w1, row.values, ATTRIBUTES * k)
        row.colours[k] = _mix(surface.coordinates, corners, w0, w1, column)


@kernel
def _shade_skin(surface, lamps, curve, row, window):  # type: ignore[no-untyped-def]
    for first in range(0, row.counts[0], BLOCK):
        count = min(BLOCK, row.counts[0] - first)
        _fetch_skin(first, count, surface, row)
        _light_skin(count, surface.detail, lamps, row.values, row.texels, row.colours)
        _expose_block(first, count, 0, curve, row, window)


@inlined
def _expose_block(first, count, queue, curve, row, window):  # type: ignore[no-untyped-def]
    colours = row.colours
    for k in range(count):
        _expose(row, queue, first + k, colours[k], colours[k + BLOCK], colours[k + 2 * BLOCK], curve, window)


@kernel
def _fetch_skin(first, count, surface, row):  # type: ignore[no-untyped-def]
    """Write a block's inputs. These loops wait for memory, each for one thing; the next one computes."""
    texels = row.texels
    _mix_block(first, count, 0, surface, row)
    for k in range(count):
        u, v = row.values[ATTRIBUTES * k + 7], row.colours[k]
        j, i, along, down = texel(u * surface.detail - _f(0.5), v * surface.detail - _f(0.5), surface.skin)
        right, below = i + np.uint32(1), j + np.uint32(1)
        texels[k], texels[k + BLOCK] = surface.skin[j, i], surface.skin[j, right]
        texels[k + 2 * BLOCK], texels[k + 3 * BLOCK] = surface.skin[below, i], surface.skin[below, right]
        texels[k + 4 * BLOCK], texels[k + 5 * BLOCK] = along, down


@kernel
def _light_skin(count, detail, lamps, values, texels, colours):  # type: ignore[no-untyped-def]
    """Write a block's linear RGB. In arrays of one dimension at constant distances, this loop computes in vectors."""
    towards, half, keys = three(lamps.direction), three(lamps.half), three(lamps.key)
    lamps = Lamps(towards, half, keys, three(lamps.above), three(lamps.below))
    for k in range(min(count, BLOCK)):
        start = ATTRIBUTES * k
        normal = unit(values[start], values[start + 1], values[start + 2])
        sky, lit = values[start + 3], values[start + 4]
        corners = texels[k], texels[k + BLOCK], texels[k + 2 * BLOCK], texels[k + 3 * BLOCK]
        along, down = texels[k + 4 * BLOCK], texels[k + 5 * BLOCK]
        fold0, fold1 = values[start + 5], values[start + 6]
        red, green, blue, gloss, bent = skin_colour(corners, along, down, fold0, fold1, normal, detail)
        facing, rough = dot(normal, lamps.direction), dot(bent, lamps.direction)
        shine, rim = gleam(bent, normal[2], gloss, sky, lit, lamps)
        # Red light travels furthest under the skin: it blurs relief, the shadow's edge and the terminator.
        soft = _f(0.6) * facing + _f(0.4) * rough
        colours[k] = reflected(red, soft, _f(0.25), _f(0.35), bent, sky, lit, shine, rim, lamps, 0)
        colours[k + BLOCK] = reflected(green, rough, _f(0.1375), _f(-0.035), bent, sky, lit, shine, rim, lamps, 1)
        colours[k + 2 * BLOCK] = reflected(blue, rough, _f(0.1), _f(-0.105), bent, sky, lit, shine, rim, lamps, 2)


@kernel
def _shade_hair(surface, lamps, curve, row, window):  # type: ignore[no-untyped-def]
    for first in range(0, row.counts[1], BLOCK):
        count = min(BLOCK, row.counts[1] - first)
        _fetch_hair(first, count, surface, row)
        _light_hair(count, surface.hair, lamps, row.values, row.colours)
        _expose_block(first, count, 1, curve, row, window)


@kernel
def _fetch_hair(first, count, surface, row):  # type: ignore[no-untyped-def]
    """Write a block's inputs. The strand and the depth of a sample take the place of its u and v."""
    _mix_block(first, count, 1, surface, row)
    for k in range(count):
        start = ATTRIBUTES * k
        row.values[start + 6] = strand_brightness(row.values[start + 6], row.values[start + 7], surface.strands)
        row.values[start + 7] = row.colours[k]


@kernel
def _light_hair(count, hair, lamps, values, colours):  # type: ignore[no-untyped-def]
    """Write a block's linear RGB, computed in vectors."""
    hair, key = three(hair), three(lamps.key)
    for k in range(min(count, BLOCK)):
        start = ATTRIBUTES * k
        strand, depth = values[start + 6], values[start + 7]
        thick = (_f(1) + _f(0.2) * strand) * (_f(0.5) + _f(0.5) * clamp(depth * _f(0.006)))
        along, across = values[start + 3], values[start + 4]
        cosine = along - (_f(0.12) + _f(0.12) * strand) * across  # scales tilt the sheen towards the root
        sheen = values[start + 5] * power(max(_f(0), _f(1) - cosine * cosine), 4)
        dull, bright = _f(0.022) * sheen, _f(0.55) * sheen * thick
        colours[k] = thick * values[start] + (dull + bright * hair[0]) * key[0]
        colours[k + BLOCK] = thick * values[start + 1] + (dull + bright * hair[1]) * key[1]
        colours[k + 2 * BLOCK] = thick * values[start + 2] + (dull + bright * hair[2]) * key[2]


@kernel
def _shade_cloth(surface, curve, row, window):  # type: ignore[no-untyped-def]
    values = row.values
    for first in range(0, row.counts[2], BLOCK):
        count = min(BLOCK, row.counts[2] - first)
        for k in range(count):
            corners, w0, w1 = _pop(row, 2, first + k, surface)
            _mix_all(surface, corners, w0, w1, values, ATTRIBUTES * k)
        for k in range(count):
            start = ATTRIBUTES * k
            strand = strand_brightness(values[start + 6] * _f(1.7), values[start + 7], surface.strands)
            knit = _f(1) + _f(0.04) * strand  # threads as irregular as hair
            red, green, blue = knit * values[start], knit * values[start + 1], knit * values[start + 2]
            _expose(row, 2, first + k, red, green, blue, curve, window)


@kernel
def _shade_others(surface, lamps, curve, row, window):  # type: ignore[no-untyped-def]
    for k in range(row.counts[3]):
        corners, w0, w1 = _pop(row, 3, k, surface)
        u, v = _mix(surface.coordinates, corners, w0, w1, 0), _mix(surface.coordinates, corners, w0, w1, 1)
        a = surface.attributes
        x, y, z = _mix(a, corners, w0, w1, 0), _mix(a, corners, w0, w1, 1), _mix(a, corners, w0, w1, 2)
        normal, sky, lit = unit(x, y, z), _mix(a, corners, w0, w1, 3), _mix(a, corners, w0, w1, 4)
        material = surface.materials[row.t[3, k]]
        red, green, blue, gloss, glint = other_colour(material, u, v, normal, surface, lamps)
        facing = dot(normal, lamps.direction)
        shine, rim = gleam(normal, normal[2], gloss, sky, lit, lamps)
        red = reflected(red, facing, _f(0), _f(0), normal, sky, lit, shine + glint, rim, lamps, 0)
        green = reflected(green, facing, _f(0), _f(0), normal, sky, lit, shine + glint, rim, lamps, 1)
        blue = reflected(blue, facing, _f(0), _f(0), normal, sky, lit, shine + glint, rim, lamps, 2)
        _expose(row, 3, k, red, green, blue, curve, window)


@kernel
def light_vertices(materials, normals, tangents, turn, sky, lit, folds, surface, lamps):  # type: ignore[no-untyped-def]
    """Write the surface's attributes, which `shade` interpolates between vertices.

    materials int32[V], normals and tangents float32[V, 3] of the head before it is turned by float32[3, 3], sky, lit
    float32[V], folds float32[F, 2] of the first F vertices."""
    attributes = surface.attributes
    for i in range(materials.shape[0]):
        normal = _turned(turn, normals, i)
        if materials[i] == HAIR or materials[i] == CLOTH:
            colour = surface.hair if materials[i] == HAIR else surface.cloth
            facing = dot(normal, lamps.direction)
            wrap = _f(0.3) if materials[i] == HAIR else _f(0)
            for channel in range(3):
                light = reflected(
                    colour[channel], facing, wrap, _f(0), normal, sky[i], lit[i], _f(0), _f(0), lamps, channel
                )
                attributes[i, channel] = light
            tangent = _turned(turn, tangents, i)
            smooth = dot(tangent, tangent)  # 0 for coils
            attributes[i, 3] = dot(tangent, lamps.half)
            attributes[i, 4] = dot(normal, lamps.half)
            attributes[i, 5] = smooth * (_f(0.35) * sky[i] + _f(0.65) * lit[i] * clamp(facing + _f(0.5)))
            attributes[i, 6], attributes[i, 7] = surface.coordinates[i, 0], surface.coordinates[i, 1]
        else:
            attributes[i, 0], attributes[i, 1], attributes[i, 2] = normal
            attributes[i, 3], attributes[i, 4] = sky[i], lit[i]
            for channel in range(2):
                attributes[i, 5 + channel] = folds[i, channel] if i < folds.shape[0] else _f(0)
            attributes[i, 7] = surface.coordinates[i, 0]


@inlined
def _turned(turn, vectors, i):  # type: ignore[no-untyped-def]
    x, y, z = vectors[i, 0], vectors[i, 1], vectors[i, 2]
    return (
        turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z,
        turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z,
        turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z,
    )
