"""Two rendered source faces of the population, which can perform any movement exactly. Reads no files.

Only a rendered face has ground truth for a reenactment: the same intensities on the same face in the same light.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from microexpr.core.seeds import generator, spawn
from microexpr.rendering.camera import expose
from microexpr.rendering.display import ACTION_UNITS, FULL
from microexpr.rendering.face import Face
from microexpr.rendering.identity import Traits
from microexpr.rendering.performance import DIFFICULTIES, LIDS_AT_REST, Performer

NAMES = ("woman", "man")


@dataclass(frozen=True)
class RenderedFace:
    """The rendered face of one of `NAMES`, sampled from the root seed."""

    name: str
    seed: int
    size: tuple[int, int]  # width, height of the image

    @cached_property
    def _performer(self) -> Performer:
        performer = Performer.sample(generator(self.seed, "transfer", self.name))
        return replace(performer, pose=(0.0, 0.0, 0.0))

    @cached_property
    def _face(self) -> Face:
        seed = spawn(self.seed, "transfer", self.name, "face")
        traits = Traits.sample(generator(self.seed, "transfer", self.name, "traits"))
        return Face(seed, replace(traits, male=float(self.name == "man")))

    @cached_property
    def _rest(self) -> np.ndarray:
        """float32[24, 2]"""
        rest = np.zeros((len(ACTION_UNITS), 2), np.float32)
        for unit, value in self._performer.rest.items():
            rest[ACTION_UNITS.index(unit)] = value
        rest[ACTION_UNITS.index("AU45")] = FULL * LIDS_AT_REST
        return rest

    def _render(self, units: np.ndarray) -> np.ndarray:
        performer = self._performer
        return self._face.render(
            units, performer.pose, light=performer.light, size=self.size, zoom=performer.zoom
        ).image

    @cached_property
    def image(self) -> np.ndarray:
        """uint8[H, W, 3]: at rest, with the camera's noise."""
        rng = generator(self.seed, "transfer", self.name, "camera")
        return expose(self._render(self._rest), rng, DIFFICULTIES["standard"].noise)

    def perform(self, changes: np.ndarray) -> np.ndarray:
        """Return uint8[K, H, W, 3]: `image` with its noise, changed as the face changes by `changes` [K, 24, 2]."""
        still = self._render(self._rest).astype(np.float32)
        frames = (self._render(np.clip(self._rest + change, 0, FULL).astype(np.float32)) for change in changes)
        return np.stack([np.clip(np.rint(self.image + (frame - still)), 0, 255).astype(np.uint8) for frame in frames])
