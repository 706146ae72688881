"""Rasterise triangles into samples, with z-buffer and alpha test, and compute vertex normals. No light, no colour.

Materials of a triangle: SKIN is textured, LASH and HAIR are tested against an alpha map, CLOTH ends at its hem, EYE is
coloured by a formula. Screen points are x, y in samples and depth (larger is nearer); seen from the front, a triangle
turns clockwise in them.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from microexpr.core.arithmetic import FASTMATH

SKIN, TEETH, EYE, MOUTH, FRAME, LASH, HAIR, CLOTH = range(8)  # the first five have no holes
SOFTNESS = 14  # of hair's edges: levels of alpha by which the thresholds of a pixel's samples differ

# Kernels allocate nothing, so they are compiled without numba's reference counts: these are atomic, one at each touch
# of an array, and made shading seven times slower. (`_nrt` is missing in numba's type stubs.)
kernel = njit(fastmath=FASTMATH, error_model="numpy", cache=True, _nrt=False)  # type: ignore[call-overload]
inlined = njit(fastmath=FASTMATH, error_model="numpy", inline="always", _nrt=False)  # type: ignore[call-overload]
# Without fastmath: two triangles must compute the same crossings of the edge between them, to the last bit.
exact_kernel = njit(error_model="numpy", cache=True, _nrt=False)  # type: ignore[call-overload]
exact = njit(error_model="numpy", inline="always", _nrt=False)  # type: ignore[call-overload]

STEP = 8  # samples of a row from one that is computed in float64 to the next; those between add to it in float32
BITS = 32  # of the fraction of a crossing
ONE = 1 << BITS
_f, _d = np.float32, np.float64


class Samples(NamedTuple):
    """The nearest triangle at each sample of an image, row by row."""

    depth: np.ndarray  # float32[H W], initially below all depths
    hit: np.ndarray  # int32[H W]: triangle, -1 for none
    first: np.ndarray  # float32[H W]: weight of the triangle's first corner
    second: np.ndarray  # float32[H W]: of its second corner

    @classmethod
    def of(cls, rows: int, columns: int) -> "Samples":
        """Return memory for this many samples, cleared."""
        size = rows * columns
        samples = cls(np.empty(size, np.float32), np.empty(size, np.int32), *np.zeros((2, size), np.float32))
        samples.clear()
        return samples

    def clear(self) -> None:
        """Remove all triangles."""
        self.depth[:], self.hit[:] = -99, -1

    def images(self, rows: int, columns: int) -> list[np.ndarray]:
        """Return depth, hit, first and second as arrays [rows, columns]."""
        return [values.reshape(rows, columns) for values in self]


@exact_kernel
def rasterise(screen, triangles, materials, coordinates, lash, hair, stagger, shape, samples):  # type: ignore[no-untyped-def]
    """Find the nearest triangle at each sample. This is fastest if the nearest triangles come first.

    screen float32[V, 3], triangles int32[T, 3], materials int32[T], coordinates float32[V, 3] (u, v, threshold), lash
    and hair uint8[h, w] alpha maps: a sample is solid where alpha > threshold. The lashes' map is indexed by (u, v) in
    texels; the hair's repeats with every whole u and v, and its h and w are powers of two. Cloth is solid where
    threshold < 0. Sample (y, x) lies at (x, y) of the screen, in odd rows at (x + stagger, y). `shape` are numbers of
    rows and columns of `samples`. A sample on an edge belongs to the triangle below it or on its right."""
    rows, columns = shape
    odd_shift = ONE - 1 - int(stagger * ONE)
    depth, hit, first, second = samples
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1], screen[c, 0], screen[c, 1]
        area = _d(bx - ax) * _d(cy - ay) - _d(by - ay) * _d(cx - ax)
        material = materials[t]
        if (area >= 0 and material != LASH and material != CLOTH) or abs(area) < 1e-9:
            continue
        y0, y1 = max(0, _ceil(min(ay, by, cy))), min(rows, _ceil(max(ay, by, cy)))
        if y0 >= y1 or max(ax, bx, cx) < 0 or min(ax, bx, cx) > columns:
            continue
        top, middle, bottom = _by_height((_d(ax), _d(ay)), (_d(bx), _d(by)), (_d(cx), _d(cy)))
        long_x, long_step = _edge(top, bottom)
        short_x, short_step = _edge(top, middle)
        bend = max(y0, _ceil(middle[1]))
        # change of the first two weights and of depth along x, and along y
        scale = 1 / area
        across, down = ((by - cy) * scale, (cy - ay) * scale), ((cx - bx) * scale, (ax - cx) * scale)
        depths = _plane(screen, a, b, c, 2, 1, 0)
        deeper, lower = _change(depths, across), _change(depths, down)
        z_step, w0_step, w1_step = _f(deeper), _f(across[0]), _f(across[1])
        alpha = depths, depths, depths
        if material >= LASH:
            alpha = _alpha_planes(material, coordinates, a, b, c, hair)
            least = min(coordinates[a, 2], coordinates[b, 2], coordinates[c, 2])
            most = max(coordinates[a, 2], coordinates[b, 2], coordinates[c, 2])
            if (material == HAIR and most < -SOFTNESS) or (material == CLOTH and most < 0):
                material = SKIN  # it has no holes
            if material == CLOTH and least >= 0:
                continue
        for y in range(y0, y1):
            if y == bend:
                short_x, short_step = _edge(middle, bottom)
            aside = stagger if y & 1 else 0.0
            shift = odd_shift if y & 1 else ONE - 1  # rounds up to the first sample on the right
            x0 = min(columns, max(0, (min(long_x, short_x) + shift) >> BITS))
            x1 = min(columns, (max(long_x, short_x) + shift) >> BITS)
            long_x, short_x = long_x + long_step, short_x + short_step
            right, under = aside - cx, y - cy
            start_z = depths[2] + right * deeper + under * lower
            start_w0, start_w1 = right * across[0] + under * down[0], right * across[1] + under * down[1]
            for x in range(x0, x1):
                index, k = np.uint32(y * columns + x), (x - x0) & (STEP - 1)
                left, step = x - k, _f(k)
                z = _f(start_z + left * deeper) + step * z_step
                if z > depth[index]:
                    w0 = _f(start_w0 + left * across[0]) + step * w0_step
                    w1 = _f(start_w1 + left * across[1]) + step * w1_step
                    if material < LASH or _solid(material, alpha, w0, w1, y, lash, hair):
                        depth[index], hit[index], first[index], second[index] = z, t, w0, w1


@exact
def _change(plane, weights):  # type: ignore[no-untyped-def]
    """Return how much a plane's value changes while the first two weights change as given."""
    return plane[0] * weights[0] + plane[1] * weights[1]


@exact
def _solid(material, planes, w0, w1, y, lash, hair):  # type: ignore[no-untyped-def]
    """Return whether a triangle with holes covers a sample at these weights: not between hairs, or above a hem."""
    threshold = _at(planes[2], w0, w1)
    if material == CLOTH:
        return threshold < 0
    u, v = int(_at(planes[0], w0, w1)), int(_at(planes[1], w0, w1))
    if material == LASH:
        rows, columns = lash.shape
        return _f(lash[min(max(v, 0), rows - 1), min(max(u, 0), columns - 1)]) > threshold
    rows, columns = hair.shape
    return _f(hair[v & (rows - 1), u & (columns - 1)]) > threshold + _f(SOFTNESS) * _f(2 * (y & 1) - 3)


@exact
def _alpha_planes(material, coordinates, a, b, c, hair):  # type: ignore[no-untyped-def]
    """Return the planes of u and v in texels and of the threshold."""
    threshold = _plane(coordinates, a, b, c, 2, 1, 0)
    if material == HAIR:  # 64 is added so that no index is negative
        rows, columns = hair.shape
        return _plane(coordinates, a, b, c, 0, columns, 64), _plane(coordinates, a, b, c, 1, rows, 64), threshold
    return _plane(coordinates, a, b, c, 0, 1, 0), _plane(coordinates, a, b, c, 1, 1, 0), threshold


@exact
def _plane(values, a, b, c, column, scale, offset):  # type: ignore[no-untyped-def]
    """Return the column plus `offset`, times `scale`, at corner c, and how much larger it is at a and b: for `_at`."""
    last = values[c, column]
    scale = _f(scale)
    return (values[a, column] - last) * scale, (values[b, column] - last) * scale, (last + _f(offset)) * scale


@exact
def _at(plane, w0, w1):  # type: ignore[no-untyped-def]
    return plane[0] * w0 + plane[1] * w1 + plane[2]


@exact
def _by_height(a, b, c):  # type: ignore[no-untyped-def]
    """Return three points (x, y) in the order of y."""
    if b[1] < a[1]:
        a, b = b, a
    if c[1] < a[1]:
        a, c = c, a
    if c[1] < b[1]:
        b, c = c, b
    return a, b, c


@exact
def _edge(upper, lower):  # type: ignore[no-untyped-def]
    """Return x where an edge crosses its first row, and how much that changes a row, in units of 1 / ONE."""
    slope = (lower[0] - upper[0]) / (lower[1] - upper[1])
    first = max(0, _ceil(upper[1]))
    return int((upper[0] + (first - upper[1]) * slope) * ONE), int(slope * ONE)


@exact
def _ceil(x):  # type: ignore[no-untyped-def]
    return int(np.ceil(x))


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
