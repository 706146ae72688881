"""Measure a long take of the population as `predict` reads it: the spotter learns from the file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np

from facs_faces.take import Kind
from microexpr.apps.read import read_curves
from microexpr.apps.read.take import silent, track
from microexpr.core import store
from microexpr.core.clip import POPULATION
from microexpr.signals.aus import regressor
from microexpr.signals.aus.recording import Curves
from microexpr.signals.faces import detection
from microexpr.videos import Scan
from reader_fits.population import Params, takes

SCHEMA = "takes"


@dataclass(frozen=True, slots=True)
class Shown:
    """An event of a take, in seconds from its first frame."""

    kind: Kind
    onset: float
    apex: float
    offset: float

    def since(self, start: float, pace: float = 1.0) -> "Shown":
        """Return the event in seconds from a later start, of a recording that plays `pace` times as fast."""
        onset, apex, offset = ((time - start) / pace for time in (self.onset, self.apex, self.offset))
        return replace(self, onset=onset, apex=apex, offset=offset)


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A take as one camera or connection has it."""

    subject: str
    name: str
    curves: Curves
    events: tuple[Shown, ...]


def write(path: str | Path, subject: str, params: Params) -> None:
    """Film a subject's take, read each recording of it, and write what was read."""
    reader = regressor.load()
    sections = {"population": {"seed": params.seed}}
    with TemporaryDirectory(prefix="take-") as folder, store.create(
        path, SCHEMA, sections, origin="generated", dataset=POPULATION, subject=subject
    ) as file:  # fmt: skip
        file.put("fitted_on", sorted({*reader.fitted_on, *detection.fitted_on("network")}))
        kinds, *times = zip(*takes.plan_take(params, subject).shown, strict=True)
        file.put_all(kind=kinds, time=np.stack(times, axis=1))
        for video in takes.film_take(Path(folder), params, subject):
            take = track(Scan(video))
            stretch = max(take.stretches, key=lambda stretch: len(stretch.frames))
            curves = read_curves(take.video, stretch, reader, silent)
            group = file.group(video.stem)
            for item in fields(curves):
                group.put(item.name, getattr(curves, item.name))
            group.put("start", float(take.video.seconds[curves.numbers[0]]))


def read(paths: Iterable[str | Path]) -> Iterator[Recording]:
    """Yield the recordings in files. Raises StoreError for another file."""
    for path in paths:
        with store.open_file(path, SCHEMA) as file:
            kinds, times = store.strings(file["kind"]), file["time"][()]
            for name in sorted(key for key, item in file.items() if not hasattr(item, "shape")):
                group = file[name]
                curves = Curves(**{item.name: group[item.name][()] for item in fields(Curves)})
                curves, start = replace(curves, fps=float(curves.fps)), float(group["start"][()])
                events = (Shown(cast(Kind, kind), *row) for kind, row in zip(kinds, times - start, strict=True))
                yield Recording(Path(path).stem, name, curves, tuple(events))
