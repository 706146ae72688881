"""Sources of a video's frames: those in memory and turned ones; `container` and `frames` read files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from microexpr.videos.raw import Raw


class Source(Protocol):
    """A sequence of frames, numbered from 0."""

    @property
    def path(self) -> Path:
        """The file or folder."""

    @property
    def rate(self) -> float:
        """Frames a second to expect."""

    @property
    def expected(self) -> int:
        """Frames to expect, 0 if it is not known."""

    @property
    def notes(self) -> list[str]:
        """In what it differs from a complete, progressive video."""

    def scan(self) -> Iterator[tuple[int, Raw]]:
        """Yield number and content of each frame that is there."""

    def read(self, numbers: Sequence[int] | None = None) -> Iterator[np.ndarray]:
        """Yield those of these frames, rising, that are there, or all: RGB uint8[H, W, 3] or grey uint8[H, W]."""

    def is_generated(self) -> bool:
        """Return whether it says that it is rendered."""


@dataclass(frozen=True, eq=False)
class Array:
    """Frames in memory."""

    images: np.ndarray  # uint8[T, H, W, 3] RGB or uint8[T, H, W] grey
    rate: float
    path: Path  # stands for it in errors
    notes: list[str] = field(default_factory=list)

    @property
    def expected(self) -> int:
        """Frames to expect."""
        return len(self.images)

    def scan(self) -> Iterator[tuple[int, Raw]]:
        """Yield number and content of each frame."""
        for number, image in enumerate(self.images):
            yield number, Raw.of_image(image)

    def read(self, numbers: Sequence[int] | None = None) -> Iterator[np.ndarray]:
        """Yield frames."""
        yield from self.images if numbers is None else (self.images[i] for i in numbers if i < len(self.images))

    def is_generated(self) -> bool:
        """Return False: an array says nothing."""
        return False


class Turned:
    """Another source, turned by `quarters` anticlockwise."""

    def __init__(self, source: Source, quarters: int):
        self._source, self._quarters = source, quarters
        self.path, self.rate, self.expected = source.path, source.rate, source.expected

    @property
    def notes(self) -> list[str]:
        """The notes of the other source, and that it is turned."""
        return [
            *self._source.notes,
            f"turned by {90 * self._quarters} degrees to the left, so that the face is upright",
        ]

    def scan(self) -> Iterator[tuple[int, Raw]]:
        """Yield number and content of each frame that is there."""
        for number, raw in self._source.scan():
            yield number, raw._replace(image=partial(self._turned_image, raw))

    def read(self, numbers: Sequence[int] | None = None) -> Iterator[np.ndarray]:
        """Yield frames."""
        return map(self._turn, self._source.read(numbers))

    def is_generated(self) -> bool:
        """Return whether it says that it is rendered."""
        return self._source.is_generated()

    def _turned_image(self, raw: Raw) -> np.ndarray:
        return self._turn(raw.image())

    def _turn(self, image: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(image, self._quarters))
