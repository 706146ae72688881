"""The questions of a run, known before anything runs: data sets, answerers, and files."""

from typing import Any

from microexpr import datasets
from microexpr.evaluation.questions.lines import place
from microexpr.tasks.task import Task
from microexpr.tasks.trainings import Planned, PlannedTasks, Training
from microexpr.tasks.units import UNITS_QUESTIONS

FIGURES, ANSWERS = "results/questions/figures.csv", "results/questions/answers"


class Plan(Planned):
    """Everything about questions that follows from params.yaml and the annotation."""

    def __init__(self, run: PlannedTasks, task: Task):
        super().__init__(run, task)
        self.main, self.videos, self.coded = (run.task(name) for name in ("emotion", "spot", "units"))
        self.section: dict[str, Any] = self.params["questions"]
        usable = self.main.sources(self.main.main.name)
        self.sets = [name for name in self.section["datasets"] if name in usable]
        self.left_out = [name for name in self.section["datasets"] if name not in usable]
        self.spotters = [name for name in self.section["spotters"] if name in self.videos.spotters]
        self.long_sets = self.videos.sets if self.spotters else []

    @property
    def notes(self) -> list[str]:
        left_out = ", ".join(self.left_out)
        return [f"no questions on {left_out}, which the main table does not test"] * bool(left_out)

    @property
    def classes(self) -> list[Training]:
        """The trainings of the main table whose classes answer: not the row that guesses, as questions have another."""
        return [training for training in self.main.table if training.method != self.main.task.floor]

    @property
    def units(self) -> list[Training]:
        """The trainings whose action units answer; none where their protocol does not test all of these data sets."""
        is_tested = {*self.sets} <= {*self.coded.sources(UNITS_QUESTIONS)}
        names = [name for name in self.section["units"] if is_tested and name in self.coded.rows]
        return [self.coded.training(name, UNITS_QUESTIONS) for name in names]

    @property
    def found(self) -> list[str]:
        """The intervals of spotters that answer."""
        return [f"results/spot/found/{name}.h5" for name in self.spotters]

    def true(self, ending: str = "") -> list[str]:
        """Return the files of questions, with their answers; `ending` _to_answer: without."""
        return [f"results/questions/{name}{ending}.jsonl" for name in (*self.sets, *self.long_sets)]

    @property
    def measured(self) -> list[str]:
        """The files of measurements in the clips, a file for each subject."""
        return [
            f"results/questions/measured/{name}/{subject}.h5"
            for name, subject in self.corpus.subjects
            if name in self.sets and self.rows(name, subject)
        ]

    @property
    def programs(self) -> dict[str, list[str]]:
        """The answers of each outside program."""
        names = (*self.sets, *self.long_sets)
        return {
            name: [f"results/questions/programs/{name}/{of}.jsonl" for of in names] for name in self.section["programs"]
        }

    @property
    def outputs(self) -> list[str]:
        answers = [path for paths in self.programs.values() for path in paths]
        return [*self.true(), *self.true("_to_answer"), *self.measured, *answers, FIGURES, ANSWERS]

    @property
    def whole(self) -> list[str]:
        return [*self.outputs, *self.tables]

    def rows(self, dataset: str, subject: str) -> list[dict[str, Any]]:
        """Return the index rows of a subject's clips that are asked about: those with a class."""
        return [row for row in self.corpus.rows(dataset, subject) if row["label"] is not None]

    def places(self, dataset: str) -> dict[str, dict[str, Any]]:
        """Return by id where the clips or long videos of a data set are in its folder."""
        clips = self.corpus.clips.get(dataset) or [
            v.clip for v in self.videos.videos.values() if v.clip.dataset == dataset
        ]
        return {clip.id: place(clip) for clip in clips}

    def root(self, dataset: str) -> str:
        origin = self.corpus.origin.get(dataset) or self.videos.origin[dataset]
        return str(datasets.root(dataset, origin))

    def learnt_from(self, training: Training) -> str:
        """Return what a row learnt from, in words, for the table: also answers that go with its classes or units."""
        return "other subjects" if training.learns_from == "corpus" else "population, other subjects"
