"""Rasterise triangles into samples, with z-buffer and alpha test, and compute vertex normals. No light, no colour.

Materials of a triangle: SKIN is textured, LASH and HAIR are tested against an alpha map, CLOTH ends at its hem, EYE is
coloured by a formula. Screen points are x, y in samples and depth (larger is nearer); seen from the front, a triangle
turns clockwise in them.
"""

import numpy as np
from numba import njit

from microexpr.core.arithmetic import FASTMATH

SKIN, TEETH, EYE, MOUTH, FRAME, LASH, HAIR, CLOTH = range(8)  # the first five have no holes
SOFTNESS = 14  # of hair's edges: levels of alpha by which the thresholds of a pixel's samples differ

# Kernels allocate nothing, so they are compiled without numba's reference counts: these are atomic, one at each touch
# of an array, and made shading seven times slower. (`_nrt` is missing in numba's type stubs.)
kernel = njit(fastmath=FASTMATH, error_model="numpy", cache=True, _nrt=False)  # type: ignore[call-overload]
inlined = njit(fastmath=FASTMATH, error_model="numpy", inline="always", _nrt=False)  # type: ignore[call-overload]


@kernel
def rasterise(screen, triangles, materials, coordinates, lash, hair, depth, hit, weights):  # type: ignore[no-untyped-def]
    """Find the nearest triangle at each sample.

    screen float32[V, 3], triangles int32[T, 3], materials int32[T], coordinates float32[V, 3] (u, v, threshold), lash
    and hair uint8[h, w] alpha maps: a sample is solid where alpha > threshold. The lashes' map is indexed by (u, v) in
    texels; the hair's repeats with every whole u and v, and its h and w are powers of two. Cloth is solid where
    threshold < 0. Results are written to depth float32[H, W] (initially below all depths), hit int32[H, W] (triangle)
    and weights float32[H, W, 2] (of its first two corners).
    """
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1], screen[c, 0], screen[c, 1]
        area = np.float64((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))  # single precision would leave gaps at edges
        if (area >= -1e-9 and materials[t] != LASH and materials[t] != CLOTH) or abs(area) < 1e-9:
            continue
        x0 = max(0, int(np.ceil(min(ax, bx, cx))))
        x1 = min(depth.shape[1] - 1, int(np.floor(max(ax, bx, cx))))
        y0 = max(0, int(np.ceil(min(ay, by, cy))))
        y1 = min(depth.shape[0] - 1, int(np.floor(max(ay, by, cy))))
        step0, step1 = (by - cy) / area, (cy - ay) / area  # change of the weights along x
        for y in range(y0, y1 + 1):
            w0 = ((bx - x0) * (cy - y) - (by - y) * (cx - x0)) / area
            w1 = ((cx - x0) * (ay - y) - (cy - y) * (ax - x0)) / area
            low, high = _span(w0, w1, step0, step1, x1 - x0)
            w0 += step0 * low
            w1 += step1 * low
            for x in range(x0 + low, x0 + high + 1):
                z = w0 * screen[a, 2] + w1 * screen[b, 2] + (1 - w0 - w1) * screen[c, 2]
                if z > depth[y, x] and _solid(t, triangles, materials, coordinates, lash, hair, w0, w1, x, y):
                    depth[y, x] = z
                    hit[y, x] = t
                    weights[y, x, 0] = w0
                    weights[y, x, 1] = w1
                w0 += step0
                w1 += step1


@inlined
def _span(w0, w1, step0, step1, last):  # type: ignore[no-untyped-def]
    """Return first and last step in 0..last with all three weights >= 0; (0, -1) if there is none."""
    low, high = 0.0, float(last)
    for w, step in ((w0, step0), (w1, step1), (1 - w0 - w1, -step0 - step1)):
        if step > 1e-12:
            low = max(low, -w / step)
        elif step < -1e-12:
            high = min(high, -w / step)
        elif w < 0:
            high = -1.0
    if high < low:
        return 0, -1
    return int(np.ceil(low)), int(np.floor(high))


@inlined
def _solid(t, triangles, materials, coordinates, lash, hair, w0, w1, x, y):  # type: ignore[no-untyped-def]
    """Return whether triangle t covers a sample on it: always, except between hairs and above a hem."""
    if materials[t] < LASH:
        return True
    a, b, c, w2 = triangles[t, 0], triangles[t, 1], triangles[t, 2], 1 - w0 - w1
    threshold = w0 * coordinates[a, 2] + w1 * coordinates[b, 2] + w2 * coordinates[c, 2]
    if materials[t] == CLOTH:
        return threshold < 0
    u = w0 * coordinates[a, 0] + w1 * coordinates[b, 0] + w2 * coordinates[c, 0]
    v = w0 * coordinates[a, 1] + w1 * coordinates[b, 1] + w2 * coordinates[c, 1]
    if materials[t] == LASH:
        return lash[min(max(int(v), 0), lash.shape[0] - 1), min(max(int(u), 0), lash.shape[1] - 1)] > threshold
    rows, columns = hair.shape
    # 64 is added so that no index is negative
    alpha = hair[int((v + 64) * rows) & (rows - 1), int((u + 64) * columns) & (columns - 1)]
    return alpha > threshold + SOFTNESS * (4 * (x & 1) + 6 * (y & 1) - 8 * (x & y & 1) - 3)


@kernel
def vertex_normals(vertices, triangles, normals):  # type: ignore[no-untyped-def]
    """Write unit normals of vertices float32[V, 3], weighted by area, to `normals` float32[V, 3]."""
    normals[:] = 0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        wx, wy, wz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
        for corner in (a, b, c):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for i in range(normals.shape[0]):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + 1e-12
        for k in range(3):
            normals[i, k] /= length
