"""The questions of a run, known before anything runs: data sets, answerers, and files."""

from typing import Any

from corpus import Corpus
from long_videos import LongVideos
from planned import Plan, Training

from microexpr import datasets
from microexpr.evaluation.questions.lines import place
from microexpr.protocols import MAIN_TASK, TASKS, UNITS_QUESTIONS

TABLE, FIGURES, ANSWERS = "results/megc2026_table.csv", "results/questions/figures.csv", "results/questions/answers"


class Questions:
    """Everything about questions that follows from params.yaml and the annotation."""

    def __init__(self, corpus: Corpus, plan: Plan, videos: LongVideos):
        self.corpus, self.plan, self.videos = corpus, plan, videos
        self.params: dict[str, Any] = corpus.params["questions"]
        usable = plan.sources(plan.main.name)
        self.sets = [name for name in self.params["datasets"] if name in usable]
        self.left_out = [name for name in self.params["datasets"] if name not in usable]
        self.spotters = [name for name in self.params["spotters"] if name in videos.spotters]
        self.long_sets = videos.sets if self.spotters else []

    @property
    def classes(self) -> list[Training]:
        """The trainings of the main table whose classes answer: not the row that guesses, as questions have another."""
        return [training for training in self.plan.table if training.method != TASKS[MAIN_TASK].floor]

    @property
    def units(self) -> list[Training]:
        """The trainings whose action units answer; none where their protocol does not test all of these data sets."""
        is_tested = {*self.sets} <= {*self.plan.sources(UNITS_QUESTIONS)}
        names = [name for name in self.params["units"] if is_tested and name in self.plan.rows["units"]]
        return [self.plan.training(name, UNITS_QUESTIONS) for name in names]

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
            name: [f"results/questions/programs/{name}/{of}.jsonl" for of in names] for name in self.params["programs"]
        }

    @property
    def files(self) -> list[str]:
        answers = [path for paths in self.programs.values() for path in paths]
        return [*self.true(), *self.true("_to_answer"), *self.measured, *answers, FIGURES, ANSWERS, TABLE]

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
