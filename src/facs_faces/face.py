"""Render one person's face: mesh, skin, hair and eyes, posed, lit and rasterised. No time, no noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np

from facs_faces import camera, clothes, hair, scene
from facs_faces.display import ACTION_UNITS, FULL, array
from facs_faces.identity import Look, Traits, sample_shape
from facs_faces.layers import Eyes, grain, row_order, sort_points, unit_eyeball
from facs_faces.materials import CURVE, Lamps, Row, Surface
from facs_faces.raster import EYE, LASH, MOUTH, SKIN, TEETH, Samples, rasterise, vertex_normals
from facs_faces.rig import MAP_WIDTH, SKIN_WIDTH, contour, jaw_skin, rig
from facs_faces.scene import AHEAD, CENTRED, FRAME_SIZE, ROOM, Angles, Light, Pair
from facs_faces.shading import light_vertices, shade
from facs_faces.skin import LEVELS, paint_skin
from microexpr.core.arrays import space_evenly
from microexpr.core.seeds import generator

STAGGER = 0.5  # a pixel has two samples, a quarter up and left of its centre and a quarter down and right of it
GLASSES = 0.12  # share of people who wear them
IRIS = (256, 64)  # of the pattern of an iris: angle by radius
NOSTRIL, NOSTRIL_SIZE = np.array([0.09, 6.856, 1.55]), np.array([0.04, 0.022, 0.06])  # centre and extent, dm
# Light that reaches a vertex: open sky, and soft shadows of the key light. Both are computed once for a person or a
# light; an expression moves too little to change them.
RESOLUTION = 144  # of a shadow map, over EXTENT dm
EXTENT = 3.4
SKY_DIRECTIONS = 48
KEY_SAMPLES = 20
BIAS, SLOPE = 0.09, 60.0  # a vertex BIAS dm behind the nearest surface is half in shadow
FRAME_COLOUR = np.array([0.02, 0.018, 0.016], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class RenderedFace:
    """One image and its ground truth."""

    image: np.ndarray  # uint8[H, W, 3], RGB
    landmarks: np.ndarray  # float32[68, 2]: x, y in px by iBUG's markup, projected from the mesh


class Face:
    """The face of one person. The same seed gives the same person. Building one takes about 1 s."""

    def __init__(self, seed: int | np.random.SeedSequence, traits: Traits | None = None) -> None:
        """Build the face. `traits` None are sampled from the seed."""
        head, self._seed = rig(), seed
        self.traits = traits or Traits.sample(generator(seed, "traits"))
        self.look = Look.sample(self.traits, generator(seed, "look"))
        self.vertices = sample_shape(self.traits, generator(seed, "shape"))
        self.centre = np.mean([self.vertices[eye].mean(axis=0) for eye in head.eyes], axis=0) + [0, -0.22, -0.3]
        self.centre = self.centre.astype(np.float32)
        self.style = hair.sample_style(self.traits, generator(seed, "style"))
        skins = paint_skin(self.traits, self.look, self.style, generator(seed, "skin"), generator(seed, "marks"))
        garments = generator(seed, "clothes")
        self._garment = clothes.GARMENTS[str(garments.choice([*clothes.SHARES], p=[*clothes.SHARES.values()]))]
        layers = [hair.build_layer(self.vertices, self.style, generator(seed, "hair"))]
        if (glasses_rng := generator(seed, "glasses")).random() < GLASSES:
            layers.append(clothes.build_glasses(self.vertices, glasses_rng))
        layers.append(clothes.build_garment(self.vertices, self._garment, garments))
        self._layers = [sort_points(layer) for layer in layers]
        all_strands = hair.strands(self.style, LEVELS, generator(seed, "strands"))
        self.lashes = hair.lashes(generator(seed, "lashes"))
        coordinates = self._assemble()
        look = self.look
        hair_colour, cloth, eye = (np.square(np.array(c, np.float32)) for c in (look.hair, look.cloth, look.iris))
        fibres = np.clip(0.8 + 0.25 * grain(generator(seed, "iris"), IRIS, 3, 30), 0.25, 1.5).astype(np.float32)
        attributes = np.empty((len(coordinates), 8), np.float32)
        self.surfaces = [  # by level of detail; `render` fills in the attributes, which they share
            Surface(
                self._triangles, self._materials, coordinates, attributes, skin,
                np.float32(SKIN_WIDTH / MAP_WIDTH / 2**level), strands, hair_colour, cloth, FRAME_COLOUR, fibres,
                eye * np.float32(0.8),
            )
            for level, (skin, strands) in enumerate(zip(skins, all_strands, strict=True))
        ]  # fmt: skip
        self.jaw_skin = jaw_skin(self.vertices)  # for `contour`
        self._samples: Samples | None = None
        self._lit: dict[Light, np.ndarray] = {}
        self._walls: dict[tuple[int, int], np.ndarray] = {}  # of the last size

    def render(
        self, action_units: np.ndarray | Mapping[str, float], pose: Angles = AHEAD, shift: Pair = CENTRED,
        light: Light = ROOM, size: tuple[int, int] = FRAME_SIZE, zoom: float = 1.0, gaze: Pair = CENTRED,
        background: np.ndarray | None = None,
    ) -> RenderedFace:  # fmt: skip
        """Return an antialiased image of `size` (width, height) px with its 68 true landmarks.

        action_units: FACS intensities 0..5, float32[len(ACTION_UNITS), 2] (subject's left, right) or by sided name;
        pose: yaw, pitch, roll in degrees (see scene.rotation); shift in px; zoom 1: outer eye corners about a quarter
        of the height apart; gaze: yaw and pitch of the eyes in the head, degrees; background:
        uint8[height, width, 3], or None for a laboratory's wall. Raises ParamsError for an unknown action unit."""
        weights = (array(action_units) if isinstance(action_units, Mapping) else action_units) / np.float32(FULL)
        points, normals, folds = self._pose(weights, gaze)
        turn = scene.rotation(*(float(angle) for angle in pose))
        screen = scene.project(points @ turn.T, size, np.asarray(shift, np.float32), zoom)
        if light not in self._lit:
            lit = key_light(self._resting, self._triangles, self._materials, light)
            lit[len(lit) - 2 * len(self._eyes.points) :] = 1
            lit[: len(self.vertices)] *= _depth_of_nostrils()
            lit[self._teeth] = 0.75
            self._lit[light] = lit
        sky, lit = self._sky.copy(), self._lit[light].copy()
        upper, lower = points[rig().landmarks[[62, 66]], 1]
        lip_light = float(np.clip((upper - lower) / 0.055, 0.12, 1))  # that the lips let into the mouth: little at rest
        sky[self._teeth] *= lip_light
        lit[self._teeth] *= lip_light
        towards, (key, above, below) = light.direction(), light.colours()
        half = towards + np.array([0, 0, 1], np.float32)
        lamps = Lamps(towards, half / np.linalg.norm(half), key, above, below)
        texels_per_pixel = 145 / (scene.SCALE * (size[1] * zoom))  # on the front, at the finest level of detail
        level = int(np.clip(round(np.log2(texels_per_pixel) + 0.3), 0, LEVELS - 1))
        surface = self.surfaces[level]
        light_vertices(self._vertex_materials, normals, self._tangents, turn, sky, lit, folds, surface, lamps)
        if background is None and size not in self._walls:
            self._walls = {size: camera.wall(size, generator(self._seed, "wall"))}
        image = (self._walls[size] if background is None else background).copy()
        self._draw(screen, surface, lamps, image)
        return RenderedFace(image, space_evenly(contour(self.jaw_skin, screen, np.asarray(pose))))

    def project_vertices(
        self, action_units: np.ndarray, pose: Angles = AHEAD, shift: Pair = CENTRED,
        size: tuple[int, int] = FRAME_SIZE, zoom: float = 1.0,
    ) -> np.ndarray:  # fmt: skip
        """Return x, y in px and depth of every vertex, float32[V, 3], as `render` projects them."""
        points, _, _ = self._pose(action_units / np.float32(FULL))
        turn = scene.rotation(*(float(angle) for angle in pose))
        return scene.project(points @ turn.T, size, np.asarray(shift, np.float32), zoom)

    def landmarks(self, action_units: np.ndarray, pose: np.ndarray, size: tuple[int, int], zoom: float) -> np.ndarray:
        """Return the 68 vertices of the rig that are landmarks, without a shift, float64[68, 2] in px."""
        screen = self.project_vertices(action_units, pose, (0.0, 0.0), size, zoom)
        return screen[rig().landmarks, :2].astype(float)

    def pupils(
        self, gaze: np.ndarray, pose: np.ndarray, shift: np.ndarray, size: tuple[int, int], zoom: float
    ) -> np.ndarray:
        """Return the centres of both pupils in pixels, the subject's left first, float32[2, 2]; see `render`."""
        ahead = scene.rotation(float(gaze[0]), float(gaze[1]), 0)[:, 2]
        points = self._eyes.centres[:, 0] + self._eyes.radii[:, 0] * ahead - self.centre
        turn = scene.rotation(*(float(angle) for angle in pose))
        return scene.project((points @ turn.T).astype(np.float32), size, shift, zoom)[:, :2]

    def _assemble(self) -> np.ndarray:
        """Assemble all vertices (rig, rigid layers, eyeballs) and triangles in single arrays, and compute how much of
        the room's light reaches each vertex. Return the texture coordinates, float32[all, 3]."""
        head = rig()
        points, ball = unit_eyeball()
        self._eyes = Eyes.fit(self.vertices, points)
        starts = accumulate((len(part.points) for part in self._layers), initial=len(head.vertices))
        layers = [part.triangles + start for part, start in zip(self._layers, starts, strict=False)]
        first = len(head.vertices) + sum(len(part.points) for part in self._layers)
        in_view = ~clothes.covered(self._garment)[head.triangles].all(axis=1)
        parts = [head.triangles[in_view], *layers, ball + first, ball + first + len(points)]
        triangles = np.concatenate(parts).astype(np.int32)
        at_rest = np.concatenate(
            [self.vertices, *(part.points for part in self._layers), self._eyes.rotate(0.0, 0.0)[0]]
        )
        order = row_order(at_rest[triangles].mean(axis=1))
        self._triangles = triangles[order]
        materials = [np.full(len(part.triangles), part.material) for part in self._layers]
        materials = [head.materials[in_view], *materials, np.full(2 * len(ball), EYE)]
        self._materials = np.concatenate(materials).astype(np.int32)[order]
        front = np.column_stack([points[:, :2], np.zeros(len(points))])
        coordinates = [head.coordinates, *(part.coordinates for part in self._layers), front, front]
        all_coordinates = np.concatenate(coordinates).astype(np.float32)
        self._fixed, self._fixed_normals, tangents = (
            np.concatenate([getattr(part, name) for part in self._layers]) for name in ("points", "normals", "tangents")
        )
        self._tangents = np.zeros((len(all_coordinates), 3), np.float32)
        self._tangents[len(head.vertices) : len(head.vertices) + len(tangents)] = tangents
        kinds = [np.full(len(part.points), part.material) for part in self._layers]
        kinds = [np.full(len(head.vertices), SKIN), *kinds, np.full(2 * len(points), EYE)]
        self._vertex_materials = np.concatenate(kinds).astype(np.int32)  # all of the rig are lit as skin is
        self._teeth = np.unique(head.triangles[head.materials == TEETH])
        self._solid = np.ascontiguousarray(head.triangles[head.materials != LASH])
        self._resting, normals, _ = self._pose(np.zeros((len(ACTION_UNITS), 2), np.float32))
        self._sky = sky = open_sky(self._resting, normals, self._triangles, self._materials)
        sky[first:] = np.maximum(sky[first:], 0.6)  # the shader darkens the eyeball below the lid as well
        inside = np.unique(self._triangles[self._materials == MOUTH])
        sky[inside] = np.maximum(sky[inside], 0.25)  # hidden at rest, but not between parted lips
        lashes = np.unique(head.triangles[head.materials == LASH])
        sky[lashes] = np.maximum(sky[lashes], 0.6)
        sky[: len(self.vertices)] *= _depth_of_nostrils()
        sky[self._teeth] = 1.0  # of the light that the lips let in, see `render`
        return all_coordinates

    def _pose(self, weights: np.ndarray, gaze: Pair = CENTRED) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return vertices about the centre, normals, both float32[all, 3], and folds float32[V, 2] at these weights.

        Weight 1 is full intensity."""
        head = rig()
        skin, folds = self.vertices.copy(), np.zeros((len(self.vertices), 2), np.float32)
        for unit, side in np.argwhere(weights):
            weight = weights[unit, side]
            skin += weight * head.units[unit, side]
            if weight > 0:
                folds += np.float32(weight**1.3 * (0.4 + 0.9 * self.traits.age)) * head.folds[unit, side]
        normals = np.zeros_like(skin)
        vertex_normals(skin, self._solid, normals)
        balls, outward = self._eyes.rotate(float(gaze[0]), float(gaze[1]))
        points = np.concatenate([skin, self._fixed, balls])
        for k in range(3):
            points[:, k] -= self.centre[k]
        return points, np.concatenate([normals, self._fixed_normals, outward]), folds

    def _draw(self, screen: np.ndarray, surface: Surface, lamps: Lamps, image: np.ndarray) -> None:
        """Rasterise and shade the window of the image that holds the head."""
        low, high = ([f(screen[:, k]) for k in range(2)] for f in (np.min, np.max))  # numpy is slow along axis 0
        left, top = (max(0, int(np.floor(v))) for v in low)
        right, bottom = (min(n, int(np.ceil(v)) + 2) for n, v in zip(image.shape[1::-1], high, strict=True))
        if right <= left or bottom <= top:
            return
        shape = 2 * (bottom - top), right - left
        count = shape[0] * shape[1]
        if self._samples is None or len(self._samples.hit) < count:  # fresh memory pages would cost more than drawing
            self._samples = Samples.of(1, count)
        samples = Samples(*(array[:count] for array in self._samples))
        samples.clear()
        points = screen.copy()
        points[:, 0] -= left - 0.25
        points[:, 1] = 2 * (screen[:, 1] - (top - 0.25))
        solids = surface.triangles, surface.materials, surface.coordinates, self.lashes, surface.strands
        rasterise(points, *solids, STAGGER, shape, samples)
        shade(shape, samples, surface, lamps, CURVE, top, left, Row.of(right - left), image)


@cache
def _depth_of_nostrils() -> np.ndarray:
    """Return the share of the light that reaches each vertex of the rig in spite of the nose, float32[V].

    The nostrils of the mesh are shallow dents; those of a head are dark holes."""
    points = rig().vertices.copy()
    points[:, 0] = np.abs(points[:, 0])
    away = np.square((points - NOSTRIL) / NOSTRIL_SIZE).sum(axis=1)
    return (1 - 0.92 * np.exp(-np.square(away))).astype(np.float32)


def open_sky(points: np.ndarray, normals: np.ndarray, triangles: np.ndarray, materials: np.ndarray) -> np.ndarray:
    """Return how much of the room's light reaches each vertex, float32[V] in 0.08..1.

    points float32[V, 3] about the head's centre, triangles and materials as for `rasterise`."""
    k = np.arange(SKY_DIRECTIONS) + 0.5
    polar, turn = np.arccos(1 - 1.4 * k / SKY_DIRECTIONS), np.pi * (1 + 5**0.5) * k  # a golden spiral, 114 deg wide
    directions = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1)
    visible, total = np.zeros(len(points)), np.full(len(points), 1e-3)
    for towards in directions:
        facing = np.clip(normals @ towards, 0, 1)
        visible += _visible(points, triangles, materials, towards) * facing
        total += facing
    return (np.clip(visible / total, 0.12, 1) ** 1.2).astype(np.float32)


def key_light(points: np.ndarray, triangles: np.ndarray, materials: np.ndarray, light: Light) -> np.ndarray:
    """Return how much of the key light reaches each vertex, float32[V] in 0..1: the mean over the lamp's width."""
    rng = generator(0, "generated", "key light")  # the same points of the lamp for every face
    spread = rng.normal(0, 40 * light.softness, (KEY_SAMPLES, 2))
    visible = np.zeros(len(points))
    for azimuth, elevation in spread + [light.azimuth, light.elevation]:
        visible += _visible(points, triangles, materials, scene.direction(azimuth, elevation))
    return (visible / KEY_SAMPLES).astype(np.float32)


def _visible(points: np.ndarray, triangles: np.ndarray, materials: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Return whether each vertex is visible from far away in this direction, softly in 0..1, by a shadow map."""
    ahead = towards / np.linalg.norm(towards)
    right = np.cross([0, 1, 0.01], ahead)
    right /= np.linalg.norm(right)
    rotated = points @ np.stack([right, -np.cross(ahead, right), ahead], axis=1).astype(np.float32)
    rotated[:, :2] = (rotated[:, :2] + EXTENT / 2) * (RESOLUTION / EXTENT)
    shape = RESOLUTION, RESOLUTION
    samples = Samples.of(*shape)
    shades = materials != LASH
    everywhere, nowhere = np.full((1, 1), 255, np.uint8), np.zeros((len(points), 3), np.float32)
    rasterise(rotated, triangles[shades], materials[shades], nowhere, everywhere, everywhere, 0.0, shape, samples)
    x, y = np.clip(np.rint(rotated[:, :2]), 0, RESOLUTION - 1).astype(int).T
    behind = samples.images(*shape)[0][y, x] - rotated[:, 2] - BIAS
    return 1 / (1 + np.exp(np.clip(behind * SLOPE, -50, 50)))
