"""Shade samples: skin, eyes, hair, cloth under one soft key light and a sky. Compiled kernels only.

Colours are linear RGB inside and grey levels outside, by a filmic curve and gamma 2.2. All constants in the kernels are
float32, since one float64 among them would double their time.
"""

import numpy as np

from microexpr.rendering.raster import CLOTH, EYE, FRAME, HAIR, LASH, SKIN, TEETH, inlined, kernel
from microexpr.rendering.surface import BLOCK, CURVE_END, CURVE_STEPS, Lamps

EDGES = 4  # the queue of pixels with two samples
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
def _texel(u, v, texture):  # type: ignore[no-untyped-def]
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
def _skin(texels, along, down, fold0, fold1, normal, detail):  # type: ignore[no-untyped-def]
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
    bent = _unit(normal[0] - slope * normal[2], normal[1] + drop, normal[2] + slope * normal[0])
    colour = _bilinear(_even(texels), along, down)
    red, green, blue = _channel(colour, 0) * shade, _channel(colour, 1) * shade, _channel(colour, 2) * shade
    return red * red, green * green, blue * blue, _channel(colour, 3) * _f(1 / 65280), bent


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
def _lit(albedo, facing, wrap, bleed, normal, sky, lit, shine, rim, lamps, channel):  # type: ignore[no-untyped-def]
    """Return one channel: wrapped diffuse light that bleeds into the shadow's edge, sky and ground, highlight, rim."""
    lit = lit * (_f(1) + bleed * (_f(1) - lit))
    diffuse = max(_f(0), (facing + wrap) / (_f(1) + wrap)) * lit
    up = _f(0.5) + _f(0.5) * normal[1]
    room = sky * (lamps.above[channel] * up + lamps.below[channel] * (_f(1) - up))
    return albedo * (lamps.key[channel] * diffuse + room) + shine * lamps.key[channel] + rim * lamps.above[channel]


@inlined
def _other(material, u, v, normal, surface, lamps):  # type: ignore[no-untyped-def]
    """Return linear RGB, gloss and glint of what is neither skin nor hair nor cloth."""
    if material == EYE:
        red, green, blue = _eye(u, v, surface.iris, surface.iris_colour)
        return red, green, blue, _f(0), _f(0.9) * _glint(u, v, normal, lamps)
    if material == LASH:
        return surface.hair[0] * _f(0.12), surface.hair[1] * _f(0.12), surface.hair[2] * _f(0.12), _f(0), _f(0)
    if material == TEETH:
        between = np.cos((u - _f(1023.5)) * _f(0.138))  # +-1 between two incisors, 23 units wide each
        white = _f(1) - _f(0.35) * _power(between * between, 3)
        return _f(0.72) * white, _f(0.62) * white, _f(0.47) * white, _f(0.25), _f(0)
    if material == FRAME:
        return surface.frame[0], surface.frame[1], surface.frame[2], _f(0.12), _f(0)
    return _f(0.34), _f(0.1), _f(0.09), _f(0.15), _f(0)


@kernel
def shade(hit, weights, surface, lamps, curve, top, left, row, image):  # type: ignore[no-untyped-def]
    """Shade a window of the image from two samples a pixel, one above the other.

    hit int32[2h, w], weights float32[2h, w, 2] as from `rasterise`; image uint8[H, W, 3] holds the background and
    is written from row `top`, column `left` on; `row` is memory for a row's samples. The samples of a row are sorted
    by material, and each loop below shades one: short loops without branches keep the processor busy.
    """
    for y in range(hit.shape[0] // 2):
        window = image[top + y, left : left + hit.shape[1]]
        _sort(hit[2 * y : 2 * y + 2], weights[2 * y : 2 * y + 2], surface, row, window)
        _shade_skin(surface, lamps, curve, row, window)
        _shade_hair(surface, lamps, curve, row, window)
        _shade_cloth(surface, curve, row, window)
        _shade_others(surface, lamps, curve, row, window)
        for k in range(row.counts[EDGES]):
            x = row.x[EDGES, k]
            for channel in range(3):
                window[x, channel] = int(row.levels[x, channel] + _f(0.5))


@kernel
def _sort(hit, weights, surface, row, window):  # type: ignore[no-untyped-def]
    """Write the samples of a row of pixels to its queues. A pixel of one smooth surface has one, in its middle."""
    row.counts[:] = 0
    for x in range(hit.shape[1]):
        upper, lower = hit[0, x], hit[1, x]
        if max(upper, lower) < 0:
            continue
        if min(upper, lower) >= 0 and _smooth(upper, lower, surface.materials):
            w0, w1 = weights[0, x, 0], weights[0, x, 1]
            if upper == lower:
                w0, w1 = _f(0.5) * (w0 + weights[1, x, 0]), _f(0.5) * (w1 + weights[1, x, 1])
            _push(row, _queue(surface.materials[upper]), x, upper, w0, w1, _f(1))
            continue
        row.x[EDGES, row.counts[EDGES]] = x
        row.counts[EDGES] += 1
        behind = _f(0.5) * _f(int(upper < 0) + int(lower < 0))
        for channel in range(3):
            row.levels[x, channel] = behind * _f(window[x, channel])
        for sample in range(2):
            t = hit[sample, x]
            if t >= 0:
                queue = _queue(surface.materials[t])
                _push(row, queue, x, t, weights[sample, x, 0], weights[sample, x, 1], _f(0.5))


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
def _lit_corners(surface, corners, w0, w1):  # type: ignore[no-untyped-def]
    """Return unit normal, open sky and key light at a sample."""
    a = surface.attributes
    x, y, z = _mix(a, corners, w0, w1, 0), _mix(a, corners, w0, w1, 1), _mix(a, corners, w0, w1, 2)
    return _unit(x, y, z), _mix(a, corners, w0, w1, 3), _mix(a, corners, w0, w1, 4)


@kernel
def _shade_skin(surface, lamps, curve, row, window):  # type: ignore[no-untyped-def]
    for first in range(0, row.counts[0], BLOCK):
        count = min(BLOCK, row.counts[0] - first)
        _fetch_skin(first, count, surface, row)
        _light_skin(count, surface.detail, lamps, row.values, row.texels)
        for k in range(count):
            red, green, blue = row.values[k], row.values[k + BLOCK], row.values[k + 2 * BLOCK]
            _expose(row, 0, first + k, red, green, blue, curve, window)


@kernel
def _fetch_skin(first, count, surface, row):  # type: ignore[no-untyped-def]
    """Write a block's inputs: this loop waits for memory, the next one computes."""
    values, texels, a, coordinates = row.values, row.texels, surface.attributes, surface.coordinates
    for k in range(count):
        corners, w0, w1 = _pop(row, 0, first + k, surface)
        u, v = _mix(coordinates, corners, w0, w1, 0), _mix(coordinates, corners, w0, w1, 1)
        j, i, along, down = _texel(u * surface.detail - _f(0.5), v * surface.detail - _f(0.5), surface.skin)
        right, below = i + np.uint32(1), j + np.uint32(1)
        texels[k], texels[k + BLOCK] = surface.skin[j, i], surface.skin[j, right]
        texels[k + 2 * BLOCK], texels[k + 3 * BLOCK] = surface.skin[below, i], surface.skin[below, right]
        texels[k + 4 * BLOCK], texels[k + 5 * BLOCK] = along, down
        for column in range(7):
            values[k + column * BLOCK] = _mix(a, corners, w0, w1, column)


@kernel
def _light_skin(count, detail, lamps, values, texels):  # type: ignore[no-untyped-def]
    """Write a block's linear RGB. In arrays of one dimension at constant distances, this loop computes in vectors."""
    towards, half, keys = _three(lamps.direction), _three(lamps.half), _three(lamps.key)
    lamps = Lamps(towards, half, keys, _three(lamps.above), _three(lamps.below))
    for k in range(min(count, BLOCK)):
        normal = _unit(values[k], values[k + BLOCK], values[k + 2 * BLOCK])
        sky, lit = values[k + 3 * BLOCK], values[k + 4 * BLOCK]
        corners = texels[k], texels[k + BLOCK], texels[k + 2 * BLOCK], texels[k + 3 * BLOCK]
        along, down = texels[k + 4 * BLOCK], texels[k + 5 * BLOCK]
        fold0, fold1 = values[k + 5 * BLOCK], values[k + 6 * BLOCK]
        red, green, blue, gloss, bent = _skin(corners, along, down, fold0, fold1, normal, detail)
        facing, rough = _dot(normal, lamps.direction), _dot(bent, lamps.direction)
        shine, rim = _gleam(bent, normal[2], gloss, sky, lit, lamps)
        # Red light travels furthest under the skin: it blurs relief, the shadow's edge and the terminator.
        soft = _f(0.6) * facing + _f(0.4) * rough
        values[k] = _lit(red, soft, _f(0.25), _f(0.35), bent, sky, lit, shine, rim, lamps, 0)
        values[k + BLOCK] = _lit(green, rough, _f(0.1375), _f(-0.035), bent, sky, lit, shine, rim, lamps, 1)
        values[k + 2 * BLOCK] = _lit(blue, rough, _f(0.1), _f(-0.105), bent, sky, lit, shine, rim, lamps, 2)


@inlined
def _three(vector):  # type: ignore[no-untyped-def]
    return vector[0], vector[1], vector[2]


@inlined
def _gleam(normal, ahead, gloss, sky, lit, lamps):  # type: ignore[no-untyped-def]
    """Return the highlight of the key light and the rim of a surface seen at a grazing angle."""
    shine = _power(max(_f(0), _dot(normal, lamps.half)), 4)
    shine = gloss * (_f(0.75) * shine + _f(0.55) * shine * shine * shine) * (lit * _f(0.8) + _f(0.2))
    grazing = _f(1) - max(_f(0), ahead)
    return shine, _f(0.6) * gloss * grazing * grazing * sky


@kernel
def _shade_hair(surface, lamps, curve, row, window):  # type: ignore[no-untyped-def]
    a, coordinates = surface.attributes, surface.coordinates
    for k in range(row.counts[1]):
        corners, w0, w1 = _pop(row, 1, k, surface)
        u, v = _mix(coordinates, corners, w0, w1, 0), _mix(coordinates, corners, w0, w1, 1)
        strand, depth = _strand(u, v, surface.strands), _mix(coordinates, corners, w0, w1, 2)
        thick = (_f(1) + _f(0.2) * strand) * (_f(0.5) + _f(0.5) * _clip(depth * _f(0.006)))
        along, across = _mix(a, corners, w0, w1, 3), _mix(a, corners, w0, w1, 4)
        cosine = along - (_f(0.12) + _f(0.12) * strand) * across  # scales tilt the sheen towards the root
        sheen = _mix(a, corners, w0, w1, 5) * _power(max(_f(0), _f(1) - cosine * cosine), 4)
        dull, bright = _f(0.022) * sheen, _f(0.55) * sheen * thick
        red = thick * _mix(a, corners, w0, w1, 0) + (dull + bright * surface.hair[0]) * lamps.key[0]
        green = thick * _mix(a, corners, w0, w1, 1) + (dull + bright * surface.hair[1]) * lamps.key[1]
        blue = thick * _mix(a, corners, w0, w1, 2) + (dull + bright * surface.hair[2]) * lamps.key[2]
        _expose(row, 1, k, red, green, blue, curve, window)


@kernel
def _shade_cloth(surface, curve, row, window):  # type: ignore[no-untyped-def]
    a, coordinates = surface.attributes, surface.coordinates
    for k in range(row.counts[2]):
        corners, w0, w1 = _pop(row, 2, k, surface)
        u, v = _mix(coordinates, corners, w0, w1, 0), _mix(coordinates, corners, w0, w1, 1)
        knit = _f(1) + _f(0.04) * _strand(u * _f(1.7), v, surface.strands)  # threads as irregular as hair
        red, green = knit * _mix(a, corners, w0, w1, 0), knit * _mix(a, corners, w0, w1, 1)
        _expose(row, 2, k, red, green, knit * _mix(a, corners, w0, w1, 2), curve, window)


@kernel
def _shade_others(surface, lamps, curve, row, window):  # type: ignore[no-untyped-def]
    for k in range(row.counts[3]):
        corners, w0, w1 = _pop(row, 3, k, surface)
        u, v = _mix(surface.coordinates, corners, w0, w1, 0), _mix(surface.coordinates, corners, w0, w1, 1)
        normal, sky, lit = _lit_corners(surface, corners, w0, w1)
        material = surface.materials[row.t[3, k]]
        red, green, blue, gloss, glint = _other(material, u, v, normal, surface, lamps)
        facing = _dot(normal, lamps.direction)
        shine, rim = _gleam(normal, normal[2], gloss, sky, lit, lamps)
        red = _lit(red, facing, _f(0), _f(0), normal, sky, lit, shine + glint, rim, lamps, 0)
        green = _lit(green, facing, _f(0), _f(0), normal, sky, lit, shine + glint, rim, lamps, 1)
        blue = _lit(blue, facing, _f(0), _f(0), normal, sky, lit, shine + glint, rim, lamps, 2)
        _expose(row, 3, k, red, green, blue, curve, window)


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
