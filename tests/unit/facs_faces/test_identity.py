"""People from traits: shape, skin and hair follow them; light is hidden by what stands in its way."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import KDTree

from facs_faces import clothes
from facs_faces.face import key_light, open_sky
from facs_faces.hair import STYLES, build_layer, density, height_above_hairline
from facs_faces.identity import Look, Traits, sample_shape
from facs_faces.raster import SKIN
from facs_faces.rig import rig, rig_target, skin_map
from facs_faces.scene import Light
from facs_faces.skin import paint_skin
from microexpr.core.seeds import generator

TRAITS = Traits(ancestry=(1.0, 0.0, 0.0), male=0.0, age=0.2, weight=0.0)


@pytest.fixture(scope="module")
def look():
    return Look.sample(TRAITS, generator(0, "look"))


def test_traits_weigh_the_files_targets():
    thin = sample_shape(replace(TRAITS, weight=-1.0), generator(1)) - sample_shape(TRAITS, generator(1))
    expected = np.zeros_like(thin)
    for age, share in (("young", 0.8), ("old", 0.2)):
        ids, displacement = rig_target(rig().source_ids, f"macrodetails/universal-female-{age}-averagemuscle-minweight")
        expected[ids] += share * displacement
    np.testing.assert_allclose(thin, expected, atol=1e-5)
    assert np.abs(expected).max() > 0.1


def test_traits_are_drawn_in_their_ranges():
    rng = generator(0)
    traits = [Traits.sample(rng) for _ in range(300)]
    assert all(sum(t.ancestry) == pytest.approx(1) for t in traits)
    assert all(0 <= t.male <= 1 and 0 <= t.age <= 1 and -1 <= t.weight <= 1 for t in traits)
    assert np.mean([t.is_male for t in traits]) == pytest.approx(0.5, abs=0.12)
    assert np.mean([t.age for t in traits]) == pytest.approx(1.1 / 3.3, abs=0.06)  # of the beta distribution


def test_darker_tone_darker_cheek(look):
    texels = skin_map()
    cheek = np.linalg.norm(texels.position - [0.45, 6.9, 1.15], axis=2).argmin()
    levels = []
    for tone in (0.0, 0.5, 1.0):
        skin = paint_skin(TRAITS, replace(look, tone=tone), STYLES["long"], generator(2), generator(3))
        levels.append(int(skin[0].view(np.uint8).reshape(-1, 8)[cheek, :5:2].sum()))
        assert [level.shape for level in skin] == [(615, 1024), (307, 512), (153, 256)]
    assert levels == sorted(levels, reverse=True) and levels[0] > 1.5 * levels[2]


@pytest.mark.parametrize("name", STYLES)
def test_hair_grows_on_the_crown_and_not_on_the_face(name):
    points = np.array([[0, 8.45, 0.5], [0.45, 6.9, 1.15], [0, 6.2, 1.5], [0, 7.7, 1.5]])
    crown, *face = density(points, np.zeros(4), STYLES[name], 0.1)
    assert crown == 1 and not any(face)
    higher = replace(STYLES[name], hairline=0.1)
    low, high = (height_above_hairline(points[3:], style) for style in (STYLES[name], higher))
    assert high == pytest.approx(low - 0.1)


def test_long_hair_hangs_and_short_does_not():
    vertices = rig().vertices
    long, buzz, fringe = (build_layer(vertices, STYLES[name], generator(3)) for name in ("long", "buzz", "long fringe"))
    assert buzz.points[:, 1].min() > 6 and long.points[:, 1].min() < 5.5
    ahead = (np.abs(long.points[:, 0]) < 0.3) & (long.points[:, 2] > 0.9)
    assert long.points[ahead, 1].min() > 7.8  # the face is free
    ahead = (np.abs(fringe.points[:, 0]) < 0.3) & (fringe.points[:, 2] > 0.9)
    assert 7.5 < fringe.points[ahead, 1].min() < 7.85  # but for a fringe, above the brows
    skin, afro = KDTree(vertices), build_layer(vertices, STYLES["afro"], generator(3))
    assert np.median(skin.query(buzz.points)[0]) < 0.08 and np.median(skin.query(afro.points)[0]) > 0.15


def test_garments_and_glasses_lie_on_the_skin():
    vertices = rig().vertices
    skin = KDTree(vertices)
    for garment in clothes.GARMENTS.values():
        cloth = clothes.build_garment(vertices, garment, generator(4))
        assert skin.query(cloth.points)[0].max() < 0.25
        hidden = cloth.coordinates[:, 2] > 0  # above the neckline
        assert cloth.points[~hidden, 1].max() < 6.2 < vertices[rig().landmarks[5], 1]
    rims = clothes.build_glasses(vertices, generator(5)).points
    for eye in rig().eyes:
        assert np.abs(rims - vertices[eye].mean(axis=0))[:, :2].max(axis=1).min() > 0.1  # no wire across an eye


def test_a_plate_hides_what_is_behind_it():
    plate = np.array([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]], np.float32)
    points = np.concatenate([plate, [[0, 0, 0], [1.5, 1.5, 0]]]).astype(np.float32)
    triangles, materials = np.array([[0, 1, 2], [0, 2, 3]], np.int32), np.full(2, SKIN, np.int32)
    lit = key_light(points, triangles, materials, Light(azimuth=0, elevation=0, softness=0))
    assert lit[4] < 0.01 and lit[5] > 0.99
    sky = open_sky(points, np.tile(np.array([0, 0, 1], np.float32), (6, 1)), triangles, materials)
    assert sky[4] < 0.6 * sky[5]
