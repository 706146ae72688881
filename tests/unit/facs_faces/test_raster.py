"""The rasteriser against a brute-force test of every sample, normals against a sphere's."""

import numpy as np

from facs_faces.layers import unit_eyeball
from facs_faces.raster import CLOTH, HAIR, SKIN, Samples, rasterise, vertex_normals

NOTHING = np.zeros((1, 1), np.uint8)
SQUARE = np.array([[0, 0, 1], [0, 39, 1], [39, 39, 1], [39, 0, 1]], float)


def drawn(screen, triangles, materials=None, coordinates=None, hair=NOTHING, size=(40, 50), stagger=0.0):
    samples = Samples.of(*size)
    triangles = np.array(triangles, np.int32)
    materials = np.full(len(triangles), SKIN, np.int32) if materials is None else np.array(materials, np.int32)
    coordinates = np.zeros((len(screen), 3), np.float32) if coordinates is None else coordinates
    rasterise(screen.astype(np.float32), triangles, materials, coordinates, NOTHING, hair, stagger, size, samples)
    depth, hit, first, second = samples.images(*size)
    return depth, hit, np.dstack([first, second])


def nearest(screen, triangles, size):
    """By the edge functions of all triangles at all samples."""
    y, x = np.mgrid[: size[0], : size[1]]
    best, owner = np.full(size, -99.0), np.full(size, -1)
    for t, (a, b, c) in enumerate(screen[np.array(triangles)]):
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if area >= 0:
            continue
        w0 = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) / area
        w1 = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) / area
        z = w0 * a[2] + w1 * b[2] + (1 - w0 - w1) * c[2]
        over = (w0 >= 0) & (w1 >= 0) & (w0 + w1 <= 1) & (z > best)
        best[over], owner[over] = z[over], t
    return best, owner


def test_agrees_with_brute_force():
    rng = np.random.default_rng(0)
    screen = np.column_stack([rng.uniform(-10, 60, 60), rng.uniform(-10, 50, 60), rng.uniform(0, 1, 60)])
    triangles = rng.integers(0, 60, (40, 3))
    triangles = triangles[(np.diff(np.sort(triangles)) > 0).all(axis=1)]
    depth, hit, weights = drawn(screen, triangles)
    expected, owner = nearest(screen, triangles, hit.shape)
    assert (hit == owner).mean() > 0.999 and len(np.unique(owner)) > 10
    same = hit == owner
    np.testing.assert_allclose(depth[same], expected[same], atol=1e-4)
    assert weights[hit >= 0].min() > -1e-4


def test_order_of_triangles_and_stagger_of_rows():
    rng = np.random.default_rng(2)
    screen = np.column_stack([rng.uniform(-10, 60, 30), rng.uniform(-10, 50, 30), rng.uniform(0, 1, 30)])
    triangles = rng.integers(0, 30, (20, 3))
    depth, _, _ = drawn(screen, triangles, stagger=0.5)
    np.testing.assert_array_equal(drawn(screen, triangles[::-1], stagger=0.5)[0], depth)
    np.testing.assert_array_equal(drawn(screen, triangles)[0][::2], depth[::2])
    aside = drawn(screen - [0.5, 0, 0], triangles)[0]
    np.testing.assert_allclose(aside[1::2], depth[1::2], atol=1e-4)


def test_neighbours_leave_no_gap_and_back_faces_are_not_seen():
    rng = np.random.default_rng(1)
    fan = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
    for inner in rng.uniform(5, 35, (200, 2)):
        screen = np.array([[-1, -1, 0], [-1, 40, 0], [40, 40, 0], [40, -1, 0], [*inner, 0]])
        _, hit, _ = drawn(screen, fan, size=(40, 40))
        assert (hit >= 0).all()
    _, hit, _ = drawn(screen, fan[:, ::-1], size=(40, 40))
    assert (hit < 0).all()


def test_hair_is_seen_through_where_its_map_is_below_the_threshold():
    square = [[0, 1, 2], [0, 2, 3]]
    coordinates = np.column_stack([SQUARE[:, :2] / 32, np.full(4, 100)]).astype(np.float32)  # the map repeats
    stripes = np.tile(np.array([50, 150], np.uint8).repeat(8), (32, 2))
    _, hit, _ = drawn(SQUARE, square, [HAIR, HAIR], coordinates, np.ascontiguousarray(stripes), size=(40, 40))
    seen = (hit >= 0)[10, 2:38]
    assert (seen == (np.tile(stripes, 2)[10, 2:38] > 100)).mean() > 0.95


def test_cloth_ends_at_its_hem_and_has_an_inner_side():
    coordinates = np.column_stack([SQUARE[:, :2], 19.5 - SQUARE[:, 1]]).astype(np.float32)  # > 0 in the upper half
    for square in ([[0, 1, 2], [0, 2, 3]], [[2, 1, 0], [3, 2, 0]]):
        _, hit, _ = drawn(SQUARE, square, [CLOTH, CLOTH], coordinates, size=(40, 40))
        assert (hit[:20] < 0).all() and (hit[20:39, 1:39] >= 0).all()


def test_normals_of_a_sphere_point_outwards():
    points, triangles = unit_eyeball()
    normals = np.zeros_like(points)
    vertex_normals(points, triangles, normals)
    inside = (points[:, 2] > 0) & (points[:, 2] < 0.999)  # not the rim or the pole, where it is open
    seam = (np.abs(points[:, 1]) < 1e-3) & (points[:, 0] > 0)
    assert (np.sum(normals * points, axis=1)[inside & ~seam] > 0.99).all()
