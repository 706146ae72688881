"""A source's movement on a target: what is asked, what becomes of it, and what the answer is where it is known."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from microexpr.apps.reenact import ALL, Devices, Given, Kind, Target, given
from microexpr.apps.reenact.source import Source
from microexpr.apps.reenact.targets import Person
from microexpr.core.clip import Origin
from microexpr.training.generator_file import LoadedGenerator

GENERATED: Origin = "generated"
LICENSED: Origin = "licensed"


@dataclass(frozen=True, eq=False)
class Transfer:
    """One source's movement on one target."""

    source: Source
    target: Target
    person: str
    places: np.ndarray  # of the frames that are looked at, among the source's
    asked: np.ndarray  # float32[K, 17, 2], FACS 0..5
    result: Given
    answer: np.ndarray | None  # uint8[K, 288, 288, 3]; None where nobody knows it
    target_origin: Origin  # licensed: of a picture, whoever it shows

    @property
    def apex(self) -> int:
        return int(np.flatnonzero(self.places == self.source.apex)[0])

    @property
    def origin(self) -> str:
        """Of source and target: both may be seen in what is drawn."""
        return "+".join(sorted({self.source.clip.origin, self.target_origin}))

    @cached_property
    def true(self) -> np.ndarray:
        """float32[K, 17, 2]: the true change of what is read; of a recorded source what was read of it."""
        performed = self.source.true()
        if performed is None:
            values = self.source.movement.values[self.source.movement.first :][self.places][..., :2]
            return np.asarray(values - values[0])
        return np.asarray(performed[self.places])


def places(source: Source, most: int) -> np.ndarray:
    """int64[K], K at most `most`, which is 2 or more: evenly spread from onset to offset, with onset and apex."""
    count = len(source.crops)
    spread = np.rint(np.linspace(0, count - 1, min(count, most))).astype(int)
    if source.apex not in spread:
        spread[1 + np.abs(spread[1:] - source.apex).argmin()] = source.apex
    return np.unique(spread)


def transferred(
    source: Source,
    target: Target,
    own: np.ndarray,
    person: Person | str,
    model: LoadedGenerator,
    kind: Kind,
    devices: Devices = ALL,
    most: int = 10_000,
) -> Transfer:
    """`own` are the target's intensities [17, 2]; a `Person` knows the answer, of a source that was rendered too. At
    most so many of the source's frames are looked at."""
    alpha = model.method.params.alpha  # type: ignore[attr-defined]
    chosen = places(source, most)
    asked = source.movement.asked(own, alpha, devices, source.params.half_window)[chosen]
    answer = None
    if isinstance(person, Person) and source.performed is not None:
        shown = person.doing(source.performed[chosen])
        answer = np.stack([target.aligned(one) for one in shown])
    name, origin = (person.name, GENERATED) if isinstance(person, Person) else (person, LICENSED)
    return Transfer(source, target, name, chosen, asked, given(model, target, asked, kind), answer, origin)
