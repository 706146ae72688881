"""The cells of the papers' tables by kind: what each reads of a run, the run's figure for it, and notes on that.

Out of scope: a figure that no evaluation or index file holds.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from microexpr.core import store
from microexpr.core.clip import LABELS, POPULATION, Clip, join_origins
from microexpr.core.facs import REGIONS, reaction_mask
from microexpr.evaluation import FULL, Row
from microexpr.evaluation.published import Cell, cells
from microexpr.models import generators as generators_of_clips
from microexpr.models import module_names, recognisers
from microexpr.protocols import ABLATION, MAIN, PROTOCOLS
from microexpr.reporting import initialisation
from microexpr.reporting.papers.floor import Floor, measure
from microexpr.reporting.table import cell_text

BUILT, PLANNED, PUBLISHED_ONLY = "built", "planned", "published_only"
BY_CONSTRUCTION = "by_construction"  # status of a cell from which the labels are made, so that it cannot differ
SUBJECTS = "subjects tested"  # after their number, in notes
OTHER_METHOD = "not the paper's method: "  # before the choices of a run that its paper does not make, in notes
WINNER = "nmer"
COUNTS: dict[str, Callable[[Sequence[Clip]], str]] = {  # by metric
    "clips": lambda clips: str(len(clips)),
    "subjects": lambda clips: str(len({(clip.dataset, clip.subject) for clip in clips})),
    "fps": lambda clips: " ".join(map(str, sorted({clip.fps for clip in clips}))),
}
OBJECTIVE = ("i", "ii", "iii", "iv", "v", "vi", "vii")
EMOTIONS = ("happiness", "disgust", "surprise", "fear", "sadness", "anger", "repression", "contempt", "others")
Input = tuple[str, Any]  # kind, as in `papers.INPUTS`, and key
Values = dict[str, str]  # of a row of a table, by column


@dataclass(frozen=True, slots=True)
class SyntheticClips:
    """Counts of the training clips that a generator made without one group of subjects."""

    counts: Counter[tuple[str, str]]  # by data set and emotion
    origin: str

    @classmethod
    def read(cls, path: str | Path) -> "SyntheticClips":
        """Count the training clips in a file of the synth stage."""
        with store.open_file(path, "synth") as file:
            emotions = file.attrs["classes"].decode().split(", ")
            datasets_and_emotions = [
                (store.strings(clip["source"])[0].split("/")[1], emotions[clip["label"][()]])
                for clip in file["train"].values()
            ]
            return cls(Counter(datasets_and_emotions), file.attrs["origin"].decode())


@dataclass(frozen=True, slots=True)
class PaperRun:
    """The results and settings of a run that the tables need."""

    methods: Collection[str]  # those in its params.yaml and variants of them, without a planted leak
    protocols: Collection[str]  # those that its data sets allow
    folds: int  # Params.folds
    micro_sets: Sequence[str] = ()  # its data sets of micro-expressions
    groups: int = 0  # of rendered subjects, held out in turn under protocols with such groups; 0: each subject
    ablates: bool = False  # whether tables of `ABLATIONS` train on rendered subjects alone
    study_methods: Collection[str] = ()  # those of `methods` that only papers' tables have: few folds everywhere
    evaluations: Mapping[tuple[str, str], Sequence[Row]] = field(default_factory=dict)  # by method and protocol
    clips: Sequence[Clip] = ()  # of the index
    seed: int = 0  # the root seed, which draws random splits
    draws: int = 1  # Params.draws
    other_choices: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by method, where it leaves its paper
    ablation_choices: Mapping[str, Sequence[str]] = field(default_factory=dict)  # the same in tables of `ABLATIONS`
    generators: Collection[str] = ()  # those of `methods` with synthesised faces that are measured
    clip_generators: Collection[str] = ()  # generators of clips
    synthetic_clips: Mapping[str, SyntheticClips] = field(default_factory=dict)  # by clip generator
    faces: Mapping[tuple[str, str], Sequence[Row]] = field(default_factory=dict)  # figures of synthesised faces
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of each of `methods` that a table describes
    _floors: dict[tuple[str, bool], Floor] = field(default_factory=dict, init=False, repr=False)

    def floor(self, protocol_name: str, few: bool) -> Floor | None:
        """Return the floor of all folds, or of as few as the run trains for these tables alone; None without index."""
        if not self.clips:
            return None
        if (protocol_name, few) not in self._floors:
            protocol, limit = PROTOCOLS[protocol_name], self.folds if few else 0
            groups = self.groups if protocol.grouped else 0
            folds = protocol.folds(self.clips, self.seed, seeds=self.draws, limit=limit, groups=groups)
            self._floors[protocol_name, few] = measure(protocol, self.clips, folds)
        return self._floors[protocol_name, few]


class MissingError(Exception):
    """The inputs have no figure for a cell; the message has the reason, for its note."""


def available_methods() -> set[str]:
    """Return every method and every generator of clips that is implemented, whether or not a run has it."""
    return {*module_names(recognisers), *module_names(generators_of_clips)}


@dataclass(frozen=True)
class Printed:
    """A cell of a method, in a run."""

    cell: Cell
    run: PaperRun
    if_built: ClassVar[str] = BUILT
    about: ClassVar[str] = ""  # note on every figure
    metrics: ClassVar[Collection[str]] = ()  # as printed
    makers: ClassVar[str] = "methods"  # the field of the run that must have the method

    @property
    def status(self) -> str:
        """`if_built` if method, protocol and metric exist, published_only if they are not planned, else planned."""
        if self.cell.status != "planned" or not (self.cell.method or isinstance(self, RecordedCount)):
            return PUBLISHED_ONLY
        return self.if_built if self.exists() else PLANNED

    def exists(self) -> bool:
        """Return whether the code can compute the figure."""
        return not self.cell.method or self.cell.method in {*self.run.methods, *available_methods()}

    def missing(self) -> str:
        """Return why a run has no inputs for the figure; "" if it has."""
        methods = ("", *getattr(self.run, self.makers))
        return "" if self.cell.method in methods else f"no {self.cell.method} in this run"

    def inputs(self) -> Iterable[Input]:
        """Return the inputs of the figure, in a run that lacks none."""
        return ()

    def value(self) -> Values:
        """Return the figure's values in the row. Raises MissingError if the inputs have none."""
        raise NotImplementedError

    def note(self) -> Iterable[str]:
        """Return notes on the figure."""
        return [self.about]

    def row(self) -> Values:
        """Return the cell's row: the printed figure, that of the run, notes on both."""
        cell, names = self.cell, ("paper", "table", "row", "column", "dataset", "classes", "metric", "published")
        row = {name: getattr(cell, name) for name in names} | {"reproduced": "", "status": self.status}
        row["protocol"] = cell.runs_under or cell.protocol
        notes: list[str] = []
        if self.status in (BUILT, BY_CONSTRUCTION):
            try:
                if reason := self.missing():
                    raise MissingError(reason)
                row |= self.value()
                notes += self.note()
            except MissingError as error:
                notes.append(str(error))
        printed = {"erratum: ": cell.erratum, "published selection: ": cell.selection, "": cell.note}
        notes += [f"{title}{text}" for title, text in printed.items() if text]
        return row | {"note": "; ".join(filter(None, notes))}

    def class_name(self) -> str:
        """Return the header, of row or column, that names a class; "" if all classes are counted."""
        headers = [header.rpartition(" / ")[2].lower() for header in (self.cell.row, self.cell.column)]
        return next((header for header in headers if header in (*LABELS, *OBJECTIVE, *EMOTIONS)), "")


class NotComputed(Printed):
    """A cell of a metric that no code computes."""

    def exists(self) -> bool:
        return False


class RecordedCount(Printed):
    """A count of recorded clips of the index, independent of any method."""

    def inputs(self) -> Iterable[Input]:
        return [("index", name) for name in self.run.micro_sets]

    def value(self) -> Values:
        cell, clips = self.cell, self.run.clips
        clips = [clip for clip in clips if cell.dataset == FULL or clip.dataset in cell.dataset.split("+")]
        if not clips:
            raise MissingError
        if cell.protocol == "megc2019":  # a paper's composite: without the clips of none of its classes
            clips = [clip for clip in clips if clip.label is not None]
        counted, name = clips, self.class_name()
        if name and cell.protocol == "megc2019":
            counted = [clip for clip in clips if clip.label == LABELS.index(name)]
        elif name and cell.protocol == "objective":
            counted = [clip for clip in clips if clip.objective_class == OBJECTIVE.index(name) + 1]
        elif name:  # SAMM writes "Other"
            counted = [clip for clip in clips if clip.emotion.lower().removesuffix("s") == name.removesuffix("s")]
        origin = join_origins(clip.origin for clip in clips)
        return {"reproduced": COUNTS[cell.metric](counted), "origin": origin, "n": str(len(clips))}


class SyntheticCount(Printed):
    """A count of clips that a generator made."""

    metrics, makers = ("clips",), "clip_generators"
    about = "clips made of all but one group of subjects: what a fold of somebody in it trains on"

    def inputs(self) -> Iterable[Input]:
        return [("made", self.cell.method)]

    def value(self) -> Values:
        clips = self.run.synthetic_clips[self.cell.method]
        counts = {emotion: count for (dataset, emotion), count in clips.counts.items() if dataset == self.cell.dataset}
        if not counts:
            raise MissingError(self.about)
        emotion, total = self.class_name(), sum(counts.values())
        count = counts.get(emotion, 0) if emotion else total
        return {"reproduced": str(count), "origin": clips.origin, "n": str(total)}


class RegionMark(Printed):
    """The paper's sign for whether an emotion (row) shows in a region (column)."""

    metrics = ("region_label",)
    if_built, about = BY_CONSTRUCTION, "the labels are made from it"

    def value(self) -> Values:
        index = next(i for i, region in enumerate(REGIONS) if self.cell.column.startswith(region))
        return {"reproduced": "✗✓"[reaction_mask(self.cell.row.lower())[index]]}


class Part(Printed):
    """A part of ICE-GAN's model, or its discriminator's size."""

    metrics = ("component", "parameters_m")
    about = "of networks built at the paper's size"

    def inputs(self) -> Iterable[Input]:
        return [("params", self.cell.method)]

    def value(self) -> Values:
        from microexpr.reporting.papers import networks  # imports torch

        return {"reproduced": networks.describe(self.cell, self.run.params.get(self.cell.method, {}))}


class Layer(Part):
    """The kernel or the output's shape of a layer of AU-GACN's network."""

    metrics = ("kernel", "shape")
    about = "of a network built at the paper's size"

    def inputs(self) -> Iterable[Input]:
        return ()


class Tested(Printed):
    """A figure of tested subjects."""

    stage: ClassVar[str]  # the kind of file that has it
    compared: ClassVar[tuple[str, ...]] = ()  # further methods with files that it is read from

    def exists(self) -> bool:
        return super().exists() and self.cell.runs_under in PROTOCOLS

    def missing(self) -> str:
        absent = f"a data set of {self.cell.runs_under} is not here"
        return super().missing() or ("" if self.cell.runs_under in self.run.protocols else absent)

    def inputs(self) -> Iterable[Input]:
        yield from (("index", name) for name in self.run.micro_sets)
        if self.cell.runs_under == ABLATION:
            yield "index", POPULATION
        for name in (self.cell.method, *self.compared):
            if name in self.run.methods:
                yield self.stage, (name, self.cell.runs_under)

    @property
    def scope(self) -> str:
        """The data set of the figure, or all that its protocol pools."""
        datasets = PROTOCOLS[self.cell.runs_under].datasets
        return self.cell.dataset if len(datasets) > 1 and self.cell.dataset in datasets else FULL

    @property
    def has_few_folds(self) -> bool:
        """Whether the run trains no more folds than `PaperRun.folds`."""
        return self.cell.runs_under not in MAIN or self.cell.method in self.run.study_methods

    def subjects(self) -> Iterator[str]:
        """Yield the number of tested subjects, if the run has an index."""
        if floor := self.run.floor(self.cell.runs_under, self.has_few_folds):
            yield f"{floor.subjects[self.scope]} {SUBJECTS}"


class SynthesisedFaces(Tested):
    """A figure of synthesised faces."""

    stage, metrics = "faces", ("fid",)

    def missing(self) -> str:
        if self.cell.runs_under == ABLATION:  # the compared methods have no files there
            return super().missing() or "faces are measured with papers.ablation_subjects: 0"
        makes_none = "" if self.cell.method in self.run.generators else f"{self.cell.method} makes no faces"
        return super().missing() or makes_none

    @cached_property
    def figure(self) -> Row:
        rows, key = self.run.faces[self.cell.method, self.cell.runs_under], (self.scope, "made", self.cell.metric)
        row = next((row for row in rows if (row["scope"], row["faces"], row["metric"]) == key), None)
        if row is None or row["value"] is None:
            raise MissingError(row["note"] if row else f"no faces of {self.cell.dataset}")
        return row

    def value(self) -> Values:
        draws = self.figure["folds"] if PROTOCOLS[self.cell.runs_under].share is not None else 1
        values = {name: str(self.figure[name]) for name in ("origin", "folds", "subject_seen")}
        values |= {"reproduced": cell_text(self.figure["value"]), "n": str(self.figure["made"]), "seeds": str(draws)}
        return values | {"selection": "last"}

    def note(self) -> Iterator[str]:
        yield f"{self.figure['made']} made against {self.figure['true']} true; only equal numbers compare"
        yield from self.subjects()


class Evaluated(Tested):
    """A figure of an evaluation."""

    stage = "evaluations"
    metrics: ClassVar[Mapping[str, str]] = {"uf1": "uf1", "f1": "uf1", "uar": "uar", "accuracy": "accuracy"}  # its own

    @property
    def metric(self) -> str:
        return self.metrics[self.cell.metric]

    def find(self, method: str, selection: str = "last", pooling: str = "pooled") -> Row | None:
        """Return the row of a method's evaluation. Raises KeyError for an evaluation that the run lacks."""
        key = (selection, pooling, self.scope, self.metric)
        rows = self.run.evaluations[method, self.cell.runs_under]
        return next(
            (row for row in rows if (row["selection"], row["pooling"], row["scope"], row["metric"]) == key), None
        )

    def others(self, methods: Iterable[str]) -> list[Row]:
        """Return the rows of these methods, if the run evaluates them."""
        evaluated = [name for name in methods if (name, self.cell.runs_under) in self.run.evaluations]
        return [*filter(None, map(self.find, evaluated))]

    @cached_property
    def figure(self) -> Row:
        """The row of the method's evaluation; the composite may lack a data set."""
        if row := self.find(self.cell.method):
            return row
        raise MissingError(f"no clips of {self.cell.dataset}")

    def value(self) -> Values:
        ends = {end: cell_text(self.figure[end]) for end in ("low", "high")}
        return self.values(cell_text(self.figure["value"])) | ends

    def values(self, reproduced: str) -> Values:
        """Return the values of a row with a figure made from the evaluation's."""
        copied = {name: str(self.figure[name]) for name in ("origin", "selection", "seeds", "folds", "subject_seen")}
        return copied | {"reproduced": reproduced, "n": str(self.figure["clips"])}

    def note(self) -> Iterator[str]:
        cell, run, last = self.cell, self.run, self.figure
        yield initialisation.words(last["initialisation"])
        if oracle := self.find(cell.method, selection="oracle_best_test"):
            yield f"oracle {cell_text(oracle['value'])}"
        if len(rows := self.others(self.compared)) > 1:  # the macro set that is best on the test clips
            best = max(rows, key=lambda row: row["value"])
            details = f"{best['method']}, {best['folds']} folds"
            yield f"oracle over {len(rows)} macro sets {cell_text(best['value'])} ({details})"
        if last["deviation"] is not None:
            yield f"deviation over seeds {cell_text(last['deviation'])}"
        if cell.protocol == "loso" and (mean := self.find(cell.method, pooling="per_subject_mean")):
            yield f"mean over subjects {cell_text(mean['value'])}"
        if cell.runs_under == ABLATION:
            counts = f"{last['training_clips']} clips of {last['training_subjects']} rendered subjects of no corpus"
            yield f"trained from scratch on {counts}"
            yield last["learning"]
        one_fold = PROTOCOLS[cell.runs_under].share is not None or PROTOCOLS[cell.runs_under].unit == "dataset"
        if run.folds and self.has_few_folds and not one_fold:
            yield f"at most {run.folds} folds (papers.folds)"
        by_method = run.ablation_choices if cell.runs_under == ABLATION else run.other_choices
        if choices := by_method.get(cell.method.partition(".")[0]):
            yield f"{OTHER_METHOD}{', '.join(choices)}"
        yield from self.subjects()


class BestSource(Evaluated):
    """A figure of MTMNet; the paper prints the best of rows that differ only in the macro set."""

    compared = ("mtmnet.ckplus", "mtmnet.mmi", "mtmnet.oulu_casia")


class Gain(Evaluated):
    """By how much, in percent, a figure is above that of the challenge's winner."""

    metrics = {"uf1_gain": "uf1", "uar_gain": "uar"}
    compared = (WINNER,)

    def missing(self) -> str:
        return super().missing() or ("" if WINNER in self.run.methods else f"no {WINNER} in this run")

    @cached_property
    def winner(self) -> float:
        if (row := self.find(WINNER)) and row["value"]:
            return float(row["value"])
        raise MissingError(f"no clips of {self.cell.dataset}")

    def value(self) -> Values:
        return self.values(f"{100 * (self.figure['value'] / self.winner - 1):.1f}")

    def note(self) -> Iterator[str]:
        yield f"{cell_text(self.figure['value'])} against {cell_text(self.winner)} of {WINNER}"
        yield from self.subjects()


class Lead(Evaluated):
    """By how many points a figure is above the best other row of the same column that the paper prints."""

    metrics = {"accuracy_gain": "accuracy", "f1_gain": "uf1"}

    @cached_property
    def best_other(self) -> Row:
        key = (self.cell.paper, self.cell.table, self.cell.runs_under)
        printed = (cell for cell in cells() if (cell.paper, cell.table, cell.runs_under) == key and cell.published)
        rows = self.others(sorted({cell.method for cell in printed} - {self.cell.method}))
        if not rows or not self.find(self.cell.method):
            raise MissingError("nothing to compare with")
        return max(rows, key=lambda row: row["value"])

    def value(self) -> Values:
        best = self.best_other["value"]
        return self.values(f"{100 * (self.figure['value'] - best):+.1f}")

    def note(self) -> Iterator[str]:
        yield f"over {cell_text(self.best_other['value'])} of {self.best_other['method']}"
        yield from self.subjects()


KINDS = (Evaluated, Gain, Lead, SynthesisedFaces, Part, Layer, RegionMark, SyntheticCount)


def of(cell: Cell, run: PaperRun) -> Printed:
    """Return a printed cell as its kind."""
    if not cell.method and cell.metric in COUNTS:
        return RecordedCount(cell, run)
    kind = next((kind for kind in KINDS if cell.metric in kind.metrics), NotComputed)
    return (BestSource if kind is Evaluated and cell.method == "mtmnet" else kind)(cell, run)
