"""Whose clips a run has, known before anything runs: data sets, people, native files and what they are annotated with.

What may not come in: methods, protocols and what is computed.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from microexpr import datasets
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, ParamsError
from microexpr.datasets import index
from microexpr.rendering import plan
from microexpr.rendering.layout import Planned
from microexpr.rendering.layouts import NATIVES
from microexpr.reporting import signal_benchmark
from microexpr.signals.aus import openface, pyfeat


def digest(places: Iterable[str]) -> str:
    """Of name, size and time of these files, and of all that is in these folders, but not in folders of theirs."""
    whole = hashlib.sha256()
    for place in map(Path, places):
        for path in sorted(place.iterdir()) if place.is_dir() else [place]:
            try:
                about = path.stat()
            except OSError as error:
                raise DataError(f"{path}: cannot be read: {error.strerror}") from error
            whole.update(f"{path.name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return whole.hexdigest()[:16]


@contextmanager
def of_params() -> Iterator[None]:
    """Names the file in an error about a value that only the clips here forbid."""
    try:
        yield
    except ParamsError as error:
        raise ParamsError(f"params.yaml: {error}") from None


class Corpus:
    """All that follows from the annotation, or from the generator's plan. Raises MicroexprError for what cannot be."""

    def __init__(self, values: dict[str, Any]):
        """`values` are those of params.yaml, checked."""
        self.params = values
        wanted, macro = values["datasets"], values["macro"]
        origin = {name: index.origin(name, values["origin"]) for name in (*wanted, *macro)}
        # origins never mix: where some data sets are licensed, those that are not here are left out
        licensed = any(origin[name] == "licensed" for name in wanted)
        self.left_out = [name for name in wanted if licensed and origin[name] == "generated"]
        self.tested = [name for name in wanted if name not in self.left_out]  # what protocols train and test on
        self.origin = {name: origin[name] for name in (*self.tested, *macro)}
        made = plan.Params(**values["generate"])
        generated = [name for name, origin in self.origin.items() if origin == "generated"]
        with of_params():
            self.planned = {name: plan.planned(name, made, values["seed"]) for name in generated}
        self.clips = {name: self._clips(name) for name in self.origin}
        for clips in self.clips.values():
            index.check_length(clips, index.Params(**values["index"]))
        self.examined = self._examined()
        self._check_reader()

    def _clips(self, dataset: str) -> list[Clip]:
        if dataset in self.planned:
            return [one.clip for one in self.planned[dataset]]
        return index.licensed(dataset)

    @cached_property
    def subjects(self) -> list[tuple[str, str]]:
        """(data set, subject) of everyone, those of the macro sets too."""
        return sorted(self._by_subject)

    @cached_property
    def _by_subject(self) -> dict[tuple[str, str], list[Clip]]:
        found: dict[tuple[str, str], list[Clip]] = {}
        for clips in self.clips.values():
            for clip in clips:
                found.setdefault((clip.dataset, clip.subject), []).append(clip)
        return found

    @property
    def known(self) -> list[str]:
        """The data sets whose subjects are people: where pictures are collected, a subject is a directory of them."""
        return [name for name in self.origin if datasets.LAYOUTS[name].moves]

    def rows(self, dataset: str, subject: str) -> list[dict[str, Any]]:
        """The index rows of one subject, which are its jobs' params: another subject's change reruns nothing of it."""
        return [clip.row() for clip in self._by_subject[dataset, subject]]

    @cached_property
    def _by_person(self) -> dict[tuple[str, str], list[Planned]]:
        found: dict[tuple[str, str], list[Planned]] = {}
        for planned in self.planned.values():
            for one in planned:
                found.setdefault((one.clip.dataset, one.clip.subject), []).append(one)
        return found

    def plan(self, dataset: str, subject: str) -> list[dict[str, Any]]:
        """What is to be rendered of one generated person, a row for each clip."""
        return [one.row() for one in self._by_person[dataset, subject]]

    def person(self, dataset: str, subject: str) -> list[str]:
        """The folders that hold all of a generated person's files."""
        root = datasets.root(dataset, "generated")
        return [str(root / folder.format(subject=subject)) for folder in NATIVES[dataset].folders]

    def native(self, dataset: str, subject: str) -> list[str]:
        """The folders with one subject's native frames, or the files where one holds a clip."""
        if dataset in self.planned:
            return self.person(dataset, subject)
        root = datasets.root(dataset, "licensed")
        return list(dict.fromkeys(str(root / row["folder"]) for row in self.rows(dataset, subject)))

    def state(self, dataset: str, subject: str) -> str:
        """A digest of name, size and time of every licensed frame of a subject; "" for generated ones."""
        if dataset in self.planned:
            return ""
        if not datasets.layout(dataset).long:
            return digest(self.native(dataset, subject))
        clips = self._by_subject[dataset, subject]  # whose folders hold thousands of other frames
        return digest(str(path) for clip in clips for _, path in datasets.frames(clip))

    def annotations(self, dataset: str) -> list[str]:
        """The files that annotate all of a generated data set; none of a licensed one."""
        files = NATIVES[dataset].annotations if dataset in self.planned else ()
        return [f"{datasets.root(dataset, 'generated')}/{file}" for file in files]

    def _check_reader(self) -> None:
        """Raises DataError where the chosen reader of action units lacks what it cannot do without."""
        backend = self.params["aus"]["backend"]
        self._tables: dict[tuple[str, str], list[Path]] = {}
        if backend == "openface":
            for one, clips in self._by_subject.items():
                self._tables[one] = [path for clip in clips for path in openface.tables(clip).values()]
            openface.check([clip for name in self.tested for clip in self.clips[name]])
        elif backend != "embedded":
            pyfeat.check(backend)

    def tables(self, dataset: str, subject: str) -> list[str]:
        """OpenFace's tables of one subject's clips, if they are to be read: those that are there."""
        return [str(path) for path in self._tables.get((dataset, subject), []) if path.exists()]

    def per_subject(self, stage: str, names: Iterable[str]) -> list[str]:
        """A stage's files of these data sets' subjects. There is no flow in a single picture."""
        names = [name for name in names if stage != "flow" or datasets.LAYOUTS[name].moves]
        return [f"results/{stage}/{dataset}/{subject}.h5" for dataset, subject in self.subjects if dataset in names]

    def indices(self, names: Iterable[str]) -> list[str]:
        return sorted(f"results/index/{name}.csv" for name in names)

    def _examined(self) -> dict[str, list[Planned]]:
        """The truth benchmark's clips by data set, whatever is licensed. In a single picture nothing moves."""
        wanted, generate = signal_benchmark.Params(**self.params["truth"]), plan.Params(**self.params["generate"])
        names = [*self.params["datasets"], *self.params["macro"]]
        moving = [name for name in names if datasets.LAYOUTS[name].moves]
        return {name: signal_benchmark.planned(name, wanted, generate, self.params["seed"]) for name in moving}

    @cached_property
    def measured(self) -> list[str]:
        """A file for each of the benchmark's people at each difficulty."""
        people = sorted({(name, one.clip.subject) for name, planned in self.examined.items() for one in planned})
        return [
            f"results/truth/measured/{difficulty}/{dataset}/{subject}.h5"
            for difficulty in self.params["truth"]["difficulties"]
            for dataset, subject in people
        ]
