"""Two rendered people of no corpus, and how they look when they do exactly what somebody else did. No files.

Only of a rendered person is the answer known: the same intensities on the same face in the same light.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from microexpr.core.seeds import generator, spawn
from microexpr.rendering.camera import expose
from microexpr.rendering.display import ACTION_UNITS, FULL
from microexpr.rendering.face import Face
from microexpr.rendering.identity import Traits
from microexpr.rendering.performance import DIALS, LIDS_AT_REST, Performer

NAMES = ("woman", "man")


@dataclass(frozen=True)
class Person:
    """One of `NAMES`, as the root seed draws them."""

    name: str
    seed: int
    size: tuple[int, int]  # width, height of the picture
    difficulty: str = "standard"

    @cached_property
    def _performer(self) -> Performer:
        drawn = Performer.drawn(generator(self.seed, "transfer", self.name))
        return replace(drawn, pose=(0.0, 0.0, 0.0))

    @cached_property
    def _face(self) -> Face:
        own = spawn(self.seed, "transfer", self.name, "face")
        traits = Traits.drawn(generator(self.seed, "transfer", self.name, "traits"))
        return Face(own, replace(traits, male=float(self.name == "man")))

    @cached_property
    def _rest(self) -> np.ndarray:
        """float32[24, 2]"""
        rest = np.zeros((len(ACTION_UNITS), 2), np.float32)
        for unit, value in self._performer.rest.items():
            rest[ACTION_UNITS.index(unit)] = value
        rest[ACTION_UNITS.index("AU45")] = FULL * LIDS_AT_REST
        return rest

    def _rendered(self, units: np.ndarray) -> np.ndarray:
        drawn = self._performer
        return self._face.render(units, drawn.pose, light=drawn.light, size=self.size, zoom=drawn.zoom).image

    @cached_property
    def picture(self) -> np.ndarray:
        """uint8[H, W, 3]: at rest, with the camera's noise."""
        noise = DIALS[self.difficulty].noise
        return expose(self._rendered(self._rest), generator(self.seed, "transfer", self.name, "camera"), noise)

    def doing(self, change: np.ndarray) -> np.ndarray:
        """uint8[K, H, W, 3]: the picture, noise and all, changed as the face changes by `change` [K, 24, 2]."""
        still = self._rendered(self._rest).astype(np.float32)
        moved = (self._rendered(np.clip(self._rest + one, 0, FULL).astype(np.float32)) for one in change)
        return np.stack([np.clip(np.rint(self.picture + (one - still)), 0, 255).astype(np.uint8) for one in moved])
