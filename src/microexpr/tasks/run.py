"""A run, known before anything runs: its clips, tasks and first weights, and its files.

Read by the Snakefile when it builds the DAG, and by stage.py; runs nothing.
"""

from collections.abc import Callable, Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from microexpr.reporting import papers
from microexpr.tasks import MAIN_TASK, PROTOCOLS, TASK_OF, TASKS
from microexpr.tasks.corpus import Corpus, Population
from microexpr.tasks.emotion.plan import Plan as MainPlan
from microexpr.tasks.first_weights import SHIPPED, FirstWeights
from microexpr.tasks.trainings import Planned, PlannedTasks, Training, Trainings
from microexpr.training.checked import Checked

ABLATION_INDEX = "results/index/population.csv"  # index of the population subjects used by the ablation tables
APPENDIX = "results/megc2019_appendix.csv"  # rows that are at chance, each with the reason
TRAINING_SETS_TABLE = "results/megc2019_training_sets.csv"  # each method by training set
SIGNALS = ("faces", "apex", "flow", "aus")
METRICS = "results/metrics"


class Run(PlannedTasks):
    """Everything about a run that follows from params.yaml and the annotation. Raises MicroexprError for a run that
    cannot be: before it starts, not after hours."""

    def __init__(self, checked: Checked, population: Callable[..., Population]):
        """`population` makes the population of its section of params.yaml."""
        params = checked.params
        self.checked, self.task = checked, cache(self._task)
        of_clips = (name for name, task in TASKS.items() if task.has_clip_datasets and name in params)
        sets = {name: params[name].get("datasets") or params["datasets"] for name in of_clips}
        self.corpus = Corpus(params, {MAIN_TASK: params["datasets"]} | sets, population(**params["population"]))
        self.plan: MainPlan = self.task(MAIN_TASK)
        self.tasks: dict[str, Planned] = {name: self.task(name) for name in TASKS}
        self.recognition = {name: plan for name, plan in self.tasks.items() if isinstance(plan, Trainings)}
        self.generators = self.plan.generators
        others = {name: plan for name, plan in self.recognition.items() if plan is not self.plan}
        self.first = FirstWeights(self.corpus, self.plan, others)

    def _task(self, name: str) -> Any:
        kind: Any = TASKS[name].part("plan", "Plan") or Trainings
        return kind(self, TASKS[name])

    def settings(self, training: Training) -> dict[str, Any]:
        """Return the values that a training follows from, but for inputs, the method's params and section `train`."""
        weights = {"weights": self.first.published(training.about.weights), "initial": self.first.digests(training)}
        return self.recognition[training.task.name].settings(training) | weights

    def labels(self, protocol: str) -> dict[str, str] | None:
        """Return how methods learn several labels of a clip; None where it has one."""
        return self.recognition[TASK_OF[protocol].name].labels(PROTOCOLS[protocol])

    @property
    def paper_files(self) -> set[str]:
        """The papers' tables, and the figures of methods and generators that this run has the data for."""
        plotted = ("mtmnet", "mtmnet.eidnet", "augacn.nodes", "localregions")
        available = [name for name in plotted if name in self.plan.ranked and "casme2" in self.corpus.micro_sets]
        available = [name for name in available if name != "mtmnet" or "ckplus" in self.corpus.params["macro"]]
        generators = self.generators.with_groups
        by_dataset = [f"{name}.{dataset}" for name in generators for dataset in self.generators.sets(name)]
        return papers.files([*self.plan.synthesising, *available, *generators, *by_dataset])

    def rendered_files(self, names: Iterable[str]) -> list[str]:
        """Return the files and folders of these data sets' rendered corpora: frames, ground truth and annotation."""
        corpus = self.corpus
        rendered = [name for name in corpus.plans if name in names]
        subjects = [pair for pair in corpus.subjects if pair[0] in rendered]
        return [
            *(folder for pair in subjects for folder in corpus.subject_folders(*pair)),
            *(f"data/rendered/truth/{dataset}/{subject}.h5" for dataset, subject in subjects),
            *(file for dataset in rendered for file in corpus.annotations(dataset)),
        ]

    @cached_property
    def table_datasets(self) -> dict[str, set[str]]:
        """By signal stage: the data sets with files that the main table and its companions need."""
        plan, main = self.plan, self.plan.main.name
        pairs = (self.first.teacher(training) for training in plan.table)
        teachers = sorted({pair[0] for pair in pairs if pair})
        sets = {stage: {*self.corpus.micro_sets} for stage in ("faces", "aus")} | {"apex": set(), "flow": set()}
        for name in (*plan.in_table, *teachers):
            for stage in plan.rows[name].reads:
                sets[stage] |= {*plan.sources(main), *plan.macro_sets(name)}
        for name in self.plan.table_generators:
            for stage in self.generators.rows[name].reads:
                sets[stage] |= {*self.generators.sets(name), *self.generators.still_sets(name)}
        sets["apex"] |= sets["flow"] | sets["aus"]
        sets["faces"] |= sets["apex"]
        return sets

    @property
    def refit_files(self) -> dict[str, str]:
        """By network and generator: its weights that all clips trained."""
        return {
            name: f"results/refit/{name}.safetensors" for name in (*self.plan.networks, *self.generators.with_groups)
        }

    @cached_property
    def checkpoints(self) -> dict[str, str]:
        """By folder of a training's checkpoints, the file that the training ends in."""
        generators, main = self.generators.rows, self.plan.main.name
        plans = self.recognition.values()
        files = [path for plan in plans for training in plan.trainings for path in training.files]
        files += [path for name in generators for path in self.generators.clips(name)]
        folders = {"/".join(Path(path).with_suffix("").parts[-3:]): path for path in files}
        refits = {f"{name}/{'groups' if name in generators else main}/refit": name for name in self.refit_files}
        folders |= {folder: self.refit_files[name] for folder, name in refits.items()}
        folders |= {f"shipped/fit/{name}": f"results/shipped/{paths[0]}" for name, paths in SHIPPED.items()}
        folders |= {f"{Path(path).parent.name}/pretrain/{Path(path).stem}": path for path in self.first.files}
        return {f"work/checkpoints/{folder}": path for folder, path in folders.items()}

    @staticmethod
    def duplicates_files(folder: str = "") -> list[str]:
        """Return the report on subjects of similar faces; in the folder `with_macro/` also on those of macro sets."""
        return [f"results/duplicate_subjects/{folder}{name}.csv" for name in ("duplicates", "compared")]

    @property
    def benchmark_figures(self) -> list[str]:
        """The errors of the signal stages, pooled, and their page."""
        names = ("landmarks.csv", "apex.csv", "aus.csv", "flow.csv", "index.html")
        return [f"results/signal_benchmark/{name}" for name in names]
