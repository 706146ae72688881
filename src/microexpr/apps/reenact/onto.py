"""Reenactment of one driving clip by one source face: target AUs, the animation, and ground truth if there is any.

Only a rendered face has ground truth: it performs the same intensities in the same light. Reads no files."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from facs_faces.camera import expose
from facs_faces.display import FULL
from facs_faces.face import Face
from facs_faces.identity import Traits
from facs_faces.performance import DIFFICULTIES, Performer, resting_units
from microexpr.apps.reenact import ALL, Components, Kind, SourceFace, animate
from microexpr.apps.reenact.source import DrivingClip
from microexpr.core.clip import Origin, join_origins
from microexpr.core.seeds import generator, spawn

NAMES = ("woman", "man")

if TYPE_CHECKING:
    from microexpr.models.generators.famgan import Famgan
    from microexpr.training.generator_file import LoadedGenerator


@dataclass(frozen=True)
class RenderedFace:
    """The rendered face of one of `NAMES`, sampled from the root seed."""

    name: str
    seed: int
    size: tuple[int, int]  # width, height of the image

    @cached_property
    def _performer(self) -> tuple[Performer, Face, np.ndarray]:
        """The performer, facing the camera, the face, and intensities at rest float32[24, 2]."""
        performer = Performer.sample(generator(self.seed, "transfer", self.name))
        traits = Traits.sample(generator(self.seed, "transfer", self.name, "traits"))
        seed = spawn(self.seed, "transfer", self.name, "face")
        face = Face(seed, replace(traits, male=float(self.name == "man")))
        return replace(performer, pose=(0.0, 0.0, 0.0)), face, resting_units(performer.rest)

    def _render(self, change: np.ndarray | None = None) -> np.ndarray:
        """Return uint8[H, W, 3] without noise: the face at rest, or changed by intensities [24, 2]."""
        performer, face, rest = self._performer
        units = rest if change is None else np.clip(rest + change, 0, FULL).astype(np.float32)
        return face.render(units, performer.pose, light=performer.light, size=self.size, zoom=performer.zoom).image

    @cached_property
    def image(self) -> np.ndarray:
        """uint8[H, W, 3]: at rest, with the camera's noise."""
        rng = generator(self.seed, "transfer", self.name, "camera")
        return expose(self._render(), rng, DIFFICULTIES["standard"].noise)

    def perform(self, changes: np.ndarray) -> np.ndarray:
        """Return uint8[K, H, W, 3]: `image` with its noise, changed as the face changes by `changes` [K, 24, 2]."""
        still, frames = self._render().astype(np.float32), map(self._render, changes)
        return np.stack([np.clip(np.rint(self.image + (frame - still)), 0, 255).astype(np.uint8) for frame in frames])


@dataclass(frozen=True, eq=False)
class Reenactment:
    """One driving clip's movement on one source face."""

    driving: DrivingClip
    face: SourceFace
    face_name: str
    positions: np.ndarray  # int64[K]: frames of the driving clip that are reenacted
    target_aus: np.ndarray  # float32[K, 17, 2], FACS 0..5
    crops: np.ndarray  # uint8[K, 288, 288, 3], aligned as the source face
    ground_truth: np.ndarray | None  # uint8[K, 288, 288, 3]; None unless face and driving clip are rendered
    face_origin: Origin  # a file's face counts as licensed

    @property
    def apex(self) -> int:
        """The apex's index in `positions`."""
        return int(np.flatnonzero(self.positions == self.driving.apex)[0])

    @property
    def origin(self) -> str:
        """Origins of driving clip and face, joined by "+", since a plot may show both."""
        return join_origins([self.driving.clip.origin, self.face_origin])

    @cached_property
    def true_changes(self) -> np.ndarray:
        """float32[K, 17, 2]: the driving clip's, as `DrivingClip.true_changes`."""
        return np.asarray(self.driving.true_changes()[self.positions])


def sample_positions(driving: DrivingClip, most: int) -> np.ndarray:
    """Return int64[K], K at most `most` (2 or more): evenly spaced from onset to offset, with onset and apex."""
    count = len(driving.crops)
    spread = np.rint(np.linspace(0, count - 1, min(count, most))).astype(int)
    if driving.apex not in spread:
        spread[1 + np.abs(spread[1:] - driving.apex).argmin()] = driving.apex
    return np.unique(spread)


def reenact(
    driving: DrivingClip, face: SourceFace, resting: np.ndarray, subject: RenderedFace | str, model: "LoadedGenerator",
    kind: Kind, components: Components = ALL, most: int = 10_000,
) -> Reenactment:  # fmt: skip
    """Give the movement of a driving clip to a source face with intensities `resting` [17, 2].

    `subject` is the subject of the face: a rendered face, which gives ground truth if the driving clip is rendered
    too, or a name. At most `most` frames of the driving clip are reenacted."""
    method: Famgan = model.method  # type: ignore[assignment]
    positions = sample_positions(driving, most)
    target_aus = driving.target_aus(resting, method.own_share, components, method.params.relative_to)[positions]
    name, ground_truth = str(subject), None
    origin: Origin = "licensed"
    if isinstance(subject, RenderedFace):
        name, origin = subject.name, "generated"
        if driving.rendered_changes is not None:
            frames = subject.perform(driving.rendered_changes[positions])
            ground_truth = np.stack([face.align(frame) for frame in frames])
    crops = animate(model, face, target_aus, kind)
    return Reenactment(driving, face, name, positions, target_aus, crops, ground_truth, origin)
