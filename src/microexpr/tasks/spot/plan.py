"""The long videos of a run, known before anything runs: their frames, annotation and folds, and files of spotting."""

from functools import cached_property
from typing import Any

from microexpr import datasets
from microexpr.core.clip import Fold, LongVideo
from microexpr.core.errors import ParamsError, errors_at
from microexpr.core.files import state_digest
from microexpr.core.value_cache import cached
from microexpr.datasets import index
from microexpr.protocols.splits import group_folds, leave_one_out, subject_id
from microexpr.rendering.layouts import LONG_NATIVES
from microexpr.rendering.long_videos import PlannedVideo
from microexpr.tasks.task import Task
from microexpr.tasks.trainings import Planned, PlannedTasks

FIGURES, PAIRED = "results/spot/figures.csv", "results/spot/paired.csv"


class Plan(Planned):
    """Everything about long videos that follows from params.yaml and their annotation."""

    def __init__(self, run: PlannedTasks, task: Task):
        super().__init__(run, task)
        self.spotters = run.checked.rows[task.name]  # the rows of the table by name
        names = self.params["spot"]["datasets"]
        origin = {name: index.origin(name, self.params["origin"]) for name in names}
        self.sets = index.of_one_origin(names, origin)
        self.origin = {name: origin[name] for name in self.sets}
        with errors_at("params.yaml: "):
            self.plans = self._plans()
        rendered = {name: [planned.video for planned in plan] for name, plan in self.plans.items()}
        licensed = {name: datasets.read_videos(name, "licensed")[0] for name in self.sets if name not in rendered}
        both = [video for of_set in (rendered | licensed).values() for video in of_set]
        videos = {(video.clip.dataset, video.clip.subject, video.clip.name): video for video in both}
        self.videos: dict[tuple[str, str, str], LongVideo] = dict(sorted(videos.items()))  # by data set, subject, name

    def _plans(self) -> dict[str, list[PlannedVideo]]:
        """Return the plans of the rendered corpora, by data set."""
        values = {name: self.params[name] for name in ("seed", "render", "population")}
        rendered = [name for name in self.sets if self.origin[name] == "generated" and name in LONG_NATIVES]

        def rows() -> dict[str, list[dict[str, Any]]]:
            from microexpr.rendering import long_videos, plan

            sizes = plan.Params(**values["render"])
            settings = sizes.max_seconds, sizes.difficulty, values["seed"]
            plans = {
                name: long_videos.plan_videos(LONG_NATIVES[name], getattr(sizes, name), *settings) for name in rendered
            }
            clips = (planned.video.clip for videos in plans.values() for planned in videos)
            self.corpus.population.check_distinct(clips, values["seed"])
            return {name: [planned.row() for planned in videos] for name, videos in plans.items()}

        plans = cached("long_plans", [values, rendered], rows)
        return {name: [PlannedVideo.from_row(row) for row in plan] for name, plan in plans.items()}

    def plan(self, dataset: str, video: str, subject: str = "") -> dict[str, Any]:
        """Return the plan of a rendered video; its subject where several have videos of this name."""
        return next(
            planned.row()
            for planned in self.plans[dataset]
            if planned.video.clip.name == video and subject in ("", planned.video.clip.subject)
        )

    def folder(self, dataset: str, subject: str, video: str) -> str:
        """Return the folder of a video's frames."""
        clip = self.videos[dataset, subject, video].clip
        return str(datasets.root(dataset, clip.origin) / clip.folder)

    def state(self, dataset: str, subject: str, video: str) -> str:
        """Return a digest of the licensed frames of a video; "" for a rendered one."""
        return "" if dataset in self.plans else state_digest([self.folder(dataset, subject, video)])

    def truth(self, dataset: str) -> str:
        """Return the pattern of the files with the expressions of a data set's rendered videos."""
        by_subject = "{subject}/" * ("{subject}" in LONG_NATIVES[dataset].folder)
        return f"data/rendered/truth/{dataset}/{by_subject}{{video}}.h5"

    def annotations(self, dataset: str) -> list[str]:
        """Return the files that annotate a rendered data set."""
        return [f"{datasets.root(dataset, 'generated')}/{file}" for file in LONG_NATIVES[dataset].annotations]

    @cached_property
    def plotted_videos(self) -> list[LongVideo]:
        """A video of each data set, chosen by annotation only: the first with most expressions."""
        by_count = sorted(self.videos.values(), key=lambda video: -len(video.expressions))
        most = {video.clip.dataset: video for video in reversed(by_count)}
        return [most[dataset] for dataset in dict.fromkeys(video.clip.dataset for video in self.videos.values())]

    @property
    def plotted(self) -> dict[str, Any]:
        return {"rows": [video.row() for video in self.plotted_videos], "methods": list(self.spotters)}

    @property
    def plotted_files(self) -> list[str]:
        return [*(f"results/spot/curves/{video.clip.id}.h5" for video in self.plotted_videos), *self.found]

    @property
    def datasets(self) -> list[str]:
        return self.sets

    @property
    def rendered(self) -> list[str]:
        files = [path for dataset in self.plans for path in self.annotations(dataset)]
        for dataset, plans in self.plans.items():
            for clip in (planned.video.clip for planned in plans):
                files.append(self.folder(dataset, clip.subject, clip.name))
                files.append(self.truth(dataset).format(subject=clip.subject, video=clip.name))
        return files

    @property
    def curves(self) -> list[str]:
        """The files with the measurements of each video, in the order of `videos`."""
        return [f"results/spot/curves/{dataset}/{subject}/{name}.h5" for dataset, subject, name in self.videos]

    @property
    def movement(self) -> list[str]:
        """The files with the movement in each video, in the same order."""
        return [path.replace("/curves/", "/movement/") for path in self.curves]

    @property
    def found(self) -> list[str]:
        """The files with the intervals of each spotter."""
        return [f"results/spot/found/{name}.h5" for name in self.spotters]

    @property
    def logs(self) -> list[str]:
        """Logs of the intervals of each spotter in each data set, in the challenges' forms, of 2025 with classes."""
        names = [f"{dataset}/{name}" for dataset in self.sets for name in self.spotters]
        return [f"results/spot/logs/{name}_{form}.csv" for name in names for form in ("2022", "2025")]

    @property
    def outputs(self) -> list[str]:
        return [*self.curves, *self.movement_read, *self.found, FIGURES, PAIRED, *self.logs]

    @property
    def whole(self) -> list[str]:
        return [*self.outputs, *self.tables]

    @property
    def movement_read(self) -> list[str]:
        """The files with the movement in each video, if any spotter reads it."""
        return self.movement if any("movement" in row.reads for row in self.spotters.values()) else []

    @cached_property
    def folds(self) -> list[Fold]:
        """The folds: each subject held out in turn, or groups of rendered ones.

        Raises ParamsError unless there are two subjects."""
        clips = [video.clip for video in self.videos.values()]
        count = len({subject_id(clip.id) for clip in clips})
        if count < 2:
            raise ParamsError(f"params.yaml: spot.datasets must have long videos of at least 2 subjects, not {count}")
        groups = min(int(self.params["train"]["rendered_folds"]), count)
        if groups and all(clip.origin == "generated" for clip in clips):
            return group_folds(clips, groups, self.params["seed"])
        return leave_one_out(clips, "subject")
