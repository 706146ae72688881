"""The clips of a run, known before anything runs: data sets, subjects, native files and their annotation.

Methods, protocols and everything that is computed may not come in.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from microexpr import datasets
from microexpr.core.clip import POPULATION, Clip
from microexpr.core.errors import errors_at
from microexpr.core.files import state_digest, value_digest
from microexpr.core.validation import RENAMED
from microexpr.core.value_cache import cached
from microexpr.datasets import index
from microexpr.rendering.layout import PlannedClip
from microexpr.rendering.layouts import NATIVES
from microexpr.signals.aus import openface, pyfeat
from microexpr.tasks.task import MAIN_TASK

Plans = dict[str, list[PlannedClip]]  # by data set


class Population(Protocol):
    """Rendered subjects that are in no corpus, on whom shipped weights are fitted (package `reader_fits`)."""

    @property
    def subjects(self) -> int: ...
    @property
    def takes(self) -> int: ...
    def recording(self) -> dict[str, int]: ...
    def training_subjects(self) -> list[str]: ...
    def held_out_subjects(self) -> list[str]: ...
    def portrait_subjects(self) -> list[str]: ...
    def held_out_portraits(self) -> list[str]: ...
    def path(self, subject: str) -> str: ...
    def take_path(self, subject: str) -> str: ...
    def check_distinct(self, clips: Iterable[Clip], seed: int) -> None: ...
    def micro_expressions(self, subjects: Iterable[str]) -> list[Clip]: ...


class Corpus:
    """Everything that follows from the annotation, or from the renderer's plan. Raises MicroexprError for what cannot
    be."""

    def __init__(self, values: dict[str, Any], sets: Mapping[str, list[str]], population: Population):
        """`values` are those of params.yaml, checked; `sets` are the data sets of each task of clips."""
        self.params, self.population = values, population
        names = dict.fromkeys(name for chosen in (*sets.values(), values["macro"]) for name in chosen)
        origin = {name: index.origin(name, values["origin"]) for name in names}
        # by task: trained and tested on
        self.sets = {name: index.of_one_origin(chosen, origin) for name, chosen in sets.items()}
        self.micro_sets = self.sets[MAIN_TASK]
        self.left_out = [name for name in values["datasets"] if name not in self.micro_sets]
        used = (self.micro_sets, values["macro"], *self.sets.values())
        self.origin = {name: origin[name] for chosen in used for name in chosen}
        with errors_at("params.yaml: "):
            self.plans, self.benchmark_plans = self._plans()
        planned = {name: [clip.clip for clip in plan] for name, plan in self.plans.items()}
        self.clips = {name: planned[name] if name in planned else index.read_licensed(name) for name in self.origin}
        for clips in self.clips.values():
            index.check_length(clips, index.Params(**values["index"]))
        self._check_reader()

    def _plans(self) -> tuple[Plans, Plans]:
        """Return the plans of the rendered corpora, and of the signal benchmark, whatever is licensed.

        Raises DataError where one of their faces is in the population. Planning needs scipy; each start of Snakemake
        needs the plans, so they are kept as params are."""
        values = {name: self.params[name] for name in ("seed", "render", "signal_benchmark", "population")}
        rendered = [name for name, origin in self.origin.items() if origin == "generated" and name in NATIVES]
        names = [*self.params["datasets"], *self.params["macro"]]
        # in a single picture nothing moves; own data sets are not rendered
        moving = [name for name in names if name in NATIVES and datasets.LAYOUTS[name].has_motion]

        def rows() -> list[dict[str, list[dict[str, Any]]]]:
            from microexpr.rendering import plan
            from microexpr.reporting import signal_benchmark

            sizes = plan.Params(**values["render"])
            benchmark = signal_benchmark.Params(**values["signal_benchmark"])
            corpora = {name: plan.plan_clips(name, sizes, values["seed"]) for name in rendered}
            others = {name: signal_benchmark.plan_clips(name, benchmark, sizes, values["seed"]) for name in moving}
            seeds = values["seed"], signal_benchmark.root_seed(values["seed"])
            for plans, seed in zip((corpora, others), seeds, strict=True):
                self.population.check_distinct((planned.clip for clips in plans.values() for planned in clips), seed)
            return [
                {name: [clip.row() for clip in clips] for name, clips in plans.items()} for plans in (corpora, others)
            ]

        corpora, benchmark = (
            {name: [PlannedClip.from_row(row) for row in plan] for name, plan in plans.items()}
            for plans in cached("plans", [values, rendered, moving], rows)
        )
        return corpora, benchmark

    @cached_property
    def subjects(self) -> list[tuple[str, str]]:
        """(data set, subject) of every subject, those of the macro sets too."""
        return sorted(self._by_subject)

    @cached_property
    def _by_subject(self) -> dict[tuple[str, str], list[Clip]]:
        by_subject: dict[tuple[str, str], list[Clip]] = {}
        for clips in self.clips.values():
            for clip in clips:
                by_subject.setdefault((clip.dataset, clip.subject), []).append(clip)
        return by_subject

    @property
    def subject_sets(self) -> list[str]:
        """The data sets with known subjects: where pictures are collected, a subject is a directory of them."""
        return [name for name in (*self.micro_sets, *self.params["macro"]) if datasets.LAYOUTS[name].has_motion]

    def rows(self, dataset: str, subject: str) -> list[dict[str, Any]]:
        """Return the index rows of one subject: params of its jobs, so that a new one reruns no others."""
        return [clip.row() for clip in self._by_subject[dataset, subject]]

    def subject_plan(self, dataset: str, subject: str) -> list[dict[str, Any]]:
        """Return the plan of one subject, a row for each clip."""
        return [planned.row() for planned in self.plans[dataset] if planned.clip.subject == subject]

    def subject_folders(self, dataset: str, subject: str) -> list[str]:
        """Return the folders that hold all of a rendered subject's files."""
        root = datasets.root(dataset, "generated")
        return [str(root / folder.format(subject=subject)) for folder in NATIVES[dataset].folders]

    def native_paths(self, dataset: str, subject: str) -> list[str]:
        """Return the folders with one subject's native frames, or the files where a file holds a clip."""
        if dataset in self.plans:
            return self.subject_folders(dataset, subject)
        root = datasets.root(dataset, "licensed")
        return list(dict.fromkeys(str(root / row["folder"]) for row in self.rows(dataset, subject)))

    def native_state(self, dataset: str, subject: str) -> str:
        """Return a digest of name, size and time of every licensed frame of a subject; "" for a rendered one."""
        if dataset in self.plans:
            return ""
        if not datasets.layout(dataset).clips_share_folder:
            return state_digest(self.native_paths(dataset, subject))
        clips = self._by_subject[dataset, subject]  # its folders hold thousands of other frames
        return state_digest(dict.fromkeys(str(path) for clip in clips for _, path in datasets.frames(clip)))

    def annotations(self, dataset: str) -> list[str]:
        """Return the files that annotate a whole rendered data set; none for a licensed one."""
        files = NATIVES[dataset].annotations if dataset in self.plans else ()
        return [f"{datasets.root(dataset, 'generated')}/{file}" for file in files]

    def _check_reader(self) -> None:
        """Raises DataError if something is missing that the chosen reader of action units cannot do without."""
        backend = self.params["aus"]["backend"]
        self._tables: dict[tuple[str, str], list[Path]] = {}
        if backend == "openface":
            for pair, clips in self._by_subject.items():
                self._tables[pair] = [path for clip in clips for path in openface.tables(clip).values()]
            openface.check([clip for name in self.micro_sets for clip in self.clips[name]])
        elif backend == "pyfeat":
            pyfeat.check()

    def openface_tables(self, dataset: str, subject: str) -> list[str]:
        """Return OpenFace's tables of one subject's clips, as far as they exist, if they are to be read."""
        return [str(path) for path in self._tables.get((dataset, subject), []) if path.exists()]

    def per_subject(self, stage: str, names: Iterable[str]) -> list[str]:
        """Return a stage's files of these data sets' subjects. There is no flow in a single picture."""
        names = {name for name in names if stage != "flow" or datasets.LAYOUTS[name].has_motion}
        return [f"results/{stage}/{dataset}/{subject}.h5" for dataset, subject in self.subjects if dataset in names]

    def signals(self, stages: Iterable[str], names: Iterable[str]) -> dict[str, list[str]]:
        """Return by stage the files of these data sets' subjects, and of the population those with all stages."""
        recorded = {*names} - {POPULATION}
        files = {stage: self.per_subject(stage, recorded) for stage in stages}
        if POPULATION in names:
            files[POPULATION] = [*map(self.population.path, sorted({clip.subject for clip in self.ablation_clips}))]
        return files

    def indices(self, names: Iterable[str]) -> list[str]:
        return sorted(f"results/index/{name}.csv" for name in names)

    @cached_property
    def benchmark_files(self) -> list[str]:
        """A file for each of the signal benchmark's subjects at each difficulty."""
        pairs = sorted(
            {(name, planned.clip.subject) for name, plans in self.benchmark_plans.items() for planned in plans}
        )
        return [
            f"results/signal_benchmark/measured/{difficulty}/{dataset}/{subject}.h5"
            for difficulty in self.params["signal_benchmark"]["difficulties"]
            for dataset, subject in pairs
        ]

    @cached_property
    def population_files(self) -> dict[str, list[str]]:
        """A file for each rendered subject of no corpus, by use: to train on, or held out to measure.

        `portraits` are for readers of faces, `takes` for spotters."""
        chosen = self.population
        path, take = chosen.path, chosen.take_path
        training, held_out = chosen.training_subjects(), chosen.held_out_subjects()
        return {
            "training": list(map(path, training)),
            "held_out": list(map(path, held_out)),
            "portraits": list(map(path, chosen.portrait_subjects())),
            "held_out_portraits": list(map(path, chosen.held_out_portraits())),
            "takes": list(map(take, training[: chosen.takes])),
            "held_out_takes": list(map(take, held_out[: max(1, chosen.takes // 4)])),
        }

    @cached_property
    def ablation_clips(self) -> list[Clip]:
        """The micro-expressions of the subjects that papers' tables train on: planned once, since that needs scipy."""
        chosen = self.population.training_subjects()[: self.params["papers"]["ablation_subjects"]]

        def rows() -> list[dict[str, Any]]:
            return [clip.row() for clip in self.population.micro_expressions(chosen)]

        return [Clip.from_row(row) for row in cached("ablation", [self.params["population"], chosen], rows)]

    @cached_property
    def recorded(self) -> str:
        """A digest of the params that the recordings of the population's training subjects depend on."""
        former = {new: old for old, new in RENAMED.items()}  # shipped weights have the digest of the old names
        sections = {n: {former.get(k, k): v for k, v in self.params[n].items()} for n in ("faces", "flow")}
        sections["population"] = self.population.recording() | {"subjects": self.population.subjects}
        return value_digest(sections)[:16]
