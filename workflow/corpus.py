"""The clips of a run, known before anything runs: data sets, subjects, native files and their annotation.

Methods, protocols and everything that is computed may not come in.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from microexpr import datasets, population
from microexpr.cli import config
from microexpr.core import digests
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, ParamsError
from microexpr.core.expression import LongVideo
from microexpr.datasets import index
from microexpr.rendering.layout import PlannedClip
from microexpr.rendering.layouts import LONG_NATIVES, NATIVES
from microexpr.rendering.long_videos import PlannedVideo
from microexpr.signals.aus import openface, pyfeat

Plans = dict[str, list[PlannedClip]]  # by data set


def digest(paths: Iterable[str]) -> str:
    """Return a digest of name, size and time of these files, and of the files directly in these folders."""
    whole = hashlib.sha256()
    for entry in map(Path, paths):
        for path in sorted(entry.iterdir()) if entry.is_dir() else [entry]:
            try:
                stat = path.stat()
            except OSError as error:
                raise DataError(f"{path}: cannot be read: {error.strerror}") from error
            whole.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return whole.hexdigest()[:16]


@contextmanager
def errors_of_params() -> Iterator[None]:
    """Names the file in an error about a value that only the clips of this run forbid."""
    try:
        yield
    except ParamsError as error:
        raise ParamsError(f"params.yaml: {error}") from None


class Corpus:
    """Everything that follows from the annotation, or from the renderer's plan. Raises MicroexprError for what cannot
    be."""

    def __init__(self, values: dict[str, Any]):
        """`values` are those of params.yaml, checked."""
        self.params = values
        names, units, macro = values["datasets"], values["units"]["datasets"], values["macro"]
        origin = {name: index.origin(name, values["origin"]) for name in (*names, *units, *macro)}

        def of_one_origin(names: list[str]) -> list[str]:
            """Return the data sets without the rendered ones, if any of them is licensed: origins never mix."""
            licensed = any(origin[name] == "licensed" for name in names)
            return [name for name in names if not licensed or origin[name] == "licensed"]

        self.micro_sets, self.unit_sets = of_one_origin(names), of_one_origin(units)  # what protocols train and test on
        self.left_out = [name for name in names if name not in self.micro_sets]
        self.origin = {name: origin[name] for name in (*self.micro_sets, *macro, *self.unit_sets)}
        long = values["spot"]["datasets"]
        origin |= {name: index.origin(name, values["origin"]) for name in long}
        self.long_sets = of_one_origin(long)
        self.long_origin = {name: origin[name] for name in self.long_sets}
        with errors_of_params():
            self.plans, self.benchmark_plans = self._plans()
            self.long_plans = self._long_plans()
        self.videos = {name: self._videos(name) for name in self.long_sets}
        self.clips = {name: self._clips(name) for name in self.origin}
        for clips in self.clips.values():
            index.check_length(clips, index.Params(**values["index"]))
        self._check_reader()

    def _plans(self) -> tuple[Plans, Plans]:
        """Return the plans of the rendered corpora, and of the signal benchmark, whatever is licensed.

        Raises DataError where one of their faces is in the population. Planning needs scipy; each start of Snakemake
        needs the plans, so they are kept as params are."""
        values = {name: self.params[name] for name in ("seed", "render", "signal_benchmark", "population")}
        rendered = [name for name, origin in self.origin.items() if origin == "generated"]
        names = [*self.params["datasets"], *self.params["macro"]]
        moving = [name for name in names if datasets.LAYOUTS[name].has_motion]  # in a single picture nothing moves

        def rows() -> list[dict[str, list[dict[str, Any]]]]:
            from microexpr.population.identities import check_distinct
            from microexpr.rendering import corpus, plan
            from microexpr.reporting import signal_benchmark

            sizes = plan.Params(**values["render"])
            benchmark = signal_benchmark.Params(**values["signal_benchmark"])
            corpora = {name: plan.plan_clips(name, sizes, values["seed"]) for name in rendered}
            others = {name: signal_benchmark.plan_clips(name, benchmark, sizes, values["seed"]) for name in moving}
            seeds = values["seed"], signal_benchmark.root_seed(values["seed"])
            performers = {
                f"{clip.origin}/{clip.dataset}/{clip.subject}": corpus.performer_of(clip, seed)
                for plans, seed in zip((corpora, others), seeds, strict=True)
                for clip in (planned.clip for clips in plans.values() for planned in clips)
            }
            check_distinct(performers, self.population)
            return [
                {name: [clip.row() for clip in clips] for name, clips in plans.items()} for plans in (corpora, others)
            ]

        corpora, benchmark = (
            {name: [PlannedClip.from_row(row) for row in plan] for name, plan in plans.items()}
            for plans in config.cached("plans", [values, rendered, moving], rows)
        )
        return corpora, benchmark

    def _long_plans(self) -> dict[str, list[PlannedVideo]]:
        """Return the plans of the rendered corpora of long videos, by data set."""
        values = {name: self.params[name] for name in ("seed", "render", "population")}
        rendered = [name for name, origin in self.long_origin.items() if origin == "generated"]

        def rows() -> dict[str, list[dict[str, Any]]]:
            from microexpr.population.identities import check_distinct
            from microexpr.rendering import corpus, long_videos, plan
            from microexpr.rendering.layouts import LONG_NATIVES

            sizes = plan.Params(**values["render"])
            settings = sizes.max_seconds, sizes.difficulty, values["seed"]
            plans = {
                name: long_videos.plan_videos(LONG_NATIVES[name], getattr(sizes, name), *settings) for name in rendered
            }
            clips = [planned.video.clip for videos in plans.values() for planned in videos]
            performers = {
                f"{clip.origin}/{clip.dataset}/{clip.subject}": corpus.performer_of(clip, values["seed"])
                for clip in clips
            }
            check_distinct(performers, self.population)
            return {name: [planned.row() for planned in videos] for name, videos in plans.items()}

        plans = config.cached("long_plans", [values, rendered], rows)
        return {name: [PlannedVideo.from_row(row) for row in plan] for name, plan in plans.items()}

    def _videos(self, dataset: str) -> list[LongVideo]:
        if dataset in self.long_plans:
            return [planned.video for planned in self.long_plans[dataset]]
        return datasets.read_videos(dataset, "licensed")[0]

    @cached_property
    def all_videos(self) -> dict[tuple[str, str, str], LongVideo]:
        """Every long video of the run by data set, subject and name, sorted."""
        videos = {(v.clip.dataset, v.clip.subject, v.clip.name): v for videos in self.videos.values() for v in videos}
        return dict(sorted(videos.items()))

    def planned_video(self, dataset: str, video: str, subject: str = "") -> dict[str, Any]:
        """Return the plan of a long video; its subject where several have videos of this name."""
        return next(
            planned.row()
            for planned in self.long_plans[dataset]
            if planned.video.clip.name == video and subject in ("", planned.video.clip.subject)
        )

    def video_folder(self, dataset: str, subject: str, video: str) -> str:
        """Return the folder of a long video's frames."""
        clip = self.all_videos[dataset, subject, video].clip
        return str(datasets.root(dataset, clip.origin) / clip.folder)

    def video_state(self, dataset: str, subject: str, video: str) -> str:
        """Return a digest of the licensed frames of a long video; "" for a rendered one."""
        return "" if dataset in self.long_plans else digest([self.video_folder(dataset, subject, video)])

    def long_truth(self, dataset: str) -> str:
        """Return the pattern of the files with the expressions of a data set's rendered long videos."""
        by_subject = "{subject}/" * ("{subject}" in LONG_NATIVES[dataset].folder)
        return f"data/rendered/truth/{dataset}/{by_subject}{{video}}.h5"

    def long_annotations(self, dataset: str) -> list[str]:
        """Return the files that annotate a rendered data set of long videos."""
        return [f"{datasets.root(dataset, 'generated')}/{file}" for file in LONG_NATIVES[dataset].annotations]

    def _clips(self, dataset: str) -> list[Clip]:
        if dataset in self.plans:
            return [planned.clip for planned in self.plans[dataset]]
        return index.read_licensed(dataset)

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
        return [planned.row() for planned in self._planned_by_subject[dataset, subject]]

    @cached_property
    def _planned_by_subject(self) -> dict[tuple[str, str], list[PlannedClip]]:
        by_subject: dict[tuple[str, str], list[PlannedClip]] = {}
        for dataset, plan in self.plans.items():
            for planned in plan:
                by_subject.setdefault((dataset, planned.clip.subject), []).append(planned)
        return by_subject

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
            return digest(self.native_paths(dataset, subject))
        clips = self._by_subject[dataset, subject]  # its folders hold thousands of other frames
        return digest(str(path) for clip in clips for _, path in datasets.frames(clip))

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
        names = [name for name in names if stage != "flow" or datasets.LAYOUTS[name].has_motion]
        return [f"results/{stage}/{dataset}/{subject}.h5" for dataset, subject in self.subjects if dataset in names]

    def indices(self, names: Iterable[str]) -> list[str]:
        """Return the index files of these data sets, sorted."""
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
    def population(self) -> population.Params:
        """Section `population`."""
        return population.Params(**self.params["population"])

    @property
    def population_training_files(self) -> list[str]:
        """A file for each subject of the population that weights are trained on."""
        return [population.path(name) for name in self.population.training_subjects()]

    @property
    def population_held_out_files(self) -> list[str]:
        """A file for each subject of the population that weights are measured on."""
        return [population.path(name) for name in self.population.held_out_subjects()]

    @property
    def portrait_files(self) -> list[str]:
        """A file for each subject of portraits that readers of faces are trained on."""
        return [population.path(name) for name in self.population.portrait_subjects()]

    @property
    def held_out_portrait_files(self) -> list[str]:
        """A file for each subject of portraits that readers of faces are measured on."""
        return [population.path(name) for name in self.population.held_out_portraits()]

    @property
    def take_files(self) -> list[str]:
        """A file for each subject of the population with a take that spotters learn from."""
        return [population.take_path(name) for name in self.population.training_subjects()[: self.population.takes]]

    @property
    def held_out_take_files(self) -> list[str]:
        """A file for each subject of the population with a take that spotters are measured on."""
        return [
            population.take_path(name) for name in self.population.held_out_subjects()[: self.population.takes // 4]
        ]

    @cached_property
    def recorded(self) -> str:
        """A digest of the params that the recordings of the population's training subjects depend on."""
        sections = {name: self.params[name] for name in ("faces", "flow")}
        sections["population"] = self.population.recording() | {"subjects": self.population.subjects}
        return digests.of_value(sections)[:16]
