"""The register of stages: the rules of each, where its outputs lie and which these are.

Read by the Snakefile and its rules, and by stage.py. `python workflow/stages.py` writes the groups into the Slurm
profile.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from microexpr.core.files import visible
from microexpr.protocols import ABLATION
from microexpr.rendering.layouts import LONG_NATIVES
from microexpr.tasks import MAIN_TASK, TASKS, Recognition
from microexpr.tasks.run import APPENDIX, METRICS, TRAINING_SETS_TABLE, Run
from microexpr.tasks.trainings import scores

PROFILE = Path("profiles/slurm/config.yaml")
MAIN_NEEDS = TASKS[MAIN_TASK].after  # tasks with files that the main table needs
BLOCK = re.compile(r"(stages begin.*?\n)(.*?)(\n[^\n]*stages end)", re.DOTALL)  # what this file writes into it


@dataclass(frozen=True)
class Stage:
    """One stage: a rule file and a script have its name, except for tasks whose rules are those of `train`."""

    rules: Sequence[str]  # {dataset} or {long} in a name stands for each of these
    outputs: Callable[[Run], Iterable[str]]  # every file or folder that a run may have in the stage's folders
    table: Callable[[Run], list[str]] | None = None  # the outputs that the main table needs; None: it needs none
    whole: Callable[[Run], list[str]] | None = None  # the outputs that all_<stage> makes; None: all of these
    folders: tuple[str, ...] = ()  # results/<stage> if none is given
    adoptable: bool = True  # whether DVC's cache holds all that the outputs depend on, so that `adopt` can check them


def networks_of_table(run: Run) -> list[str]:
    """The networks that are trained once for all folds of the main table's rows."""
    teachers = {path for training in run.plan.table for path in run.first.teacher_paths(training)}
    return sorted(teachers.union(run.first.needed()))


def figures_of_table(run: Run) -> list[str]:
    """The evaluations of the main table's rows, and the files made from these."""
    return [*(path for training in run.plan.table for path in training.evaluation), *run.plan.table_files, METRICS]


def of_task(name: str) -> Stage:
    """The stage of a task other than the main one."""
    return Stage(
        rules=TASKS[name].rules,
        outputs=lambda run: run.tasks[name].outputs,
        table=(lambda run: run.tasks[name].main_files) if name in MAIN_NEEDS else None,
        whole=lambda run: run.tasks[name].whole,
    )


def signal(name: str, *rules: str) -> Stage:
    """The stage of a signal: a file for each subject. `rules` are further ones that make it."""
    return Stage(
        rules=(name, *rules),
        outputs=lambda run: run.corpus.per_subject(name, run.corpus.origin),
        table=lambda run: run.corpus.per_subject(name, run.table_datasets[name]),
    )


STAGES = {  # in the order in which they run
    "render": Stage(
        rules=("render_{dataset}", "annotation_{dataset}"),
        folders=("data/rendered",),
        outputs=lambda run: [
            *run.rendered_files(run.corpus.plans),
            *(path for plan in run.tasks.values() for path in plan.rendered),
        ],
        table=lambda run: run.rendered_files(run.table_datasets["faces"]),
    ),
    "faces": signal("faces"),
    "index": Stage(
        rules=("index", "index_population"),
        outputs=lambda run: run.corpus.indices({*run.corpus.origin, *run.plan.sources(ABLATION)}),
        table=lambda run: run.corpus.indices(run.table_datasets["faces"]),
    ),
    "apex": signal("apex"),
    "flow": signal("flow"),
    "aus": signal("aus", "aus_pyfeat"),
    "population": Stage(
        rules=("population", "portraits", "takes"),
        outputs=lambda run: [path for files in run.corpus.population_files.values() for path in files],
        folders=("results/population", "results/portraits", "results/takes"),
    ),
    "pretrain": Stage(
        rules=("pretrain", "pretrain_on_population"),
        outputs=lambda run: run.first.files,
        table=networks_of_table,
        whole=networks_of_table,
    ),
    **{name: of_task(name) for name in MAIN_NEEDS},
    "train": Stage(
        rules=("train", "train_generator"),
        outputs=lambda run: scores(run.plan.trainings),
        table=lambda run: scores(run.plan.table),
        whole=lambda run: [
            path for name in run.corpus.params["methods"] for path in run.plan.training(name, run.plan.main.name).files
        ],
    ),
    "evaluate": Stage(
        rules=(
            "evaluate",
            "evaluate_several",
            "evaluate_leaky",
            "evaluate_faces",
            *(stem for task in TASKS.values() if isinstance(task, Recognition) for stem in task.tables),
            "training_sets",
            "appendix",
        ),
        outputs=lambda run: [
            *(path for training in run.plan.trainings for path in training.evaluation),
            *(
                training.evaluated("_all_faces.csv")  # every figure of synthesised faces, which papers' tables read
                for training in run.plan.trainings
                if training.method in run.plan.synthesising
            ),
            *(path for plan in run.tasks.values() for path in plan.evaluations),
        ],
        table=figures_of_table,
        whole=figures_of_table,
    ),
    "duplicate_subjects": Stage(
        rules=("duplicate_subjects", "duplicate_subjects_with_macro"),
        outputs=lambda run: [*run.duplicates_files(), *run.duplicates_files("with_macro/")],
        table=lambda run: run.duplicates_files(),
    ),
    "refit": Stage(
        rules=("refit", "refit_generator"),
        outputs=lambda run: run.refit_files.values(),
    ),
    "papers": Stage(
        rules=(
            "papers",
            "papers_icegan_fig4",
            "papers_icegan_fig5",
            "papers_mtmnet_fig1",
            "papers_mtmnet_fig3",
            "papers_augacn_fig3",
            "papers_augacn_fig4",
            "papers_augacn_fig5",
            "papers_famgan_transfer",
            "papers_famgan_ablation",
            "papers_localregions",
        ),
        outputs=lambda run: run.paper_files,
        adoptable=False,
    ),
    "signal_benchmark": Stage(
        rules=("signal_benchmark_subject", "signal_benchmark"),
        outputs=lambda run: [*run.corpus.benchmark_files, *run.benchmark_figures],
    ),
    "shipped": Stage(
        rules=("fit_landmarks", "fit_action_units", "fit_reenact", "fit_predict", "fit_spotter", "shipped"),
        outputs=lambda run: [
            *(path for path in run.first.package_files if path.startswith("results/shipped/")),
            "results/shipped/files.csv",
        ],
    ),
    **{name: of_task(name) for name in TASKS if name not in (MAIN_TASK, *MAIN_NEEDS)},
    "report": Stage(
        rules=("report",),
        outputs=lambda run: ["results/report/index.html"],
        adoptable=False,
    ),
}
GROUPS = {  # of jobs that share a submission to a cluster: how many, and the rules
    "subject": (4, ("render_{dataset}", "faces", "apex", "flow", "aus", "aus_pyfeat", "questions_measure")),
    "annotation": (12, ("annotation_{dataset}", "annotation_{long}")),
    "index": (12, ("index",)),
    "evaluate": (8, ("evaluate", "evaluate_several", "evaluate_faces")),
    "benchmark": (8, ("signal_benchmark_subject",)),
    "population": (8, ("population", "takes")),
    "portraits": (50, ("portraits",)),
    "long": (8, ("render_long_{long}", "spot", "spot_movement")),
}


def folders(noun: str) -> list[str]:
    """The folders of a stage's outputs; tables lie outside them."""
    return [*(STAGES[noun].folders or (f"results/{noun}",))]


def expand(rule: str, datasets: Iterable[str]) -> list[str]:
    """The names of the rules for which a name of the register stands; {long} is each data set of long videos."""
    for key, names in (("{long}", LONG_NATIVES), ("{dataset}", datasets)):
        if key in rule:
            return [rule.replace(key, name) for name in names]
    return [rule]


def rules(noun: str, run: Run) -> list[str]:
    return [name for rule in STAGES[noun].rules for name in expand(rule, run.corpus.plans)]


class Outputs:
    """The files and folders that a run may have, by stage."""

    def __init__(self, run: Run):
        self.run = run
        self.expected = {noun: set(stage.outputs(run)) for noun, stage in STAGES.items()}
        # by stage: what all_<stage> makes
        self.whole = {
            noun: stage.whole(run) if stage.whole else sorted(self.expected[noun]) for noun, stage in STAGES.items()
        }
        # by stage of dvc.yaml: the files that the main table and its companions need
        self.of_table = {noun: stage.table(run) for noun, stage in STAGES.items() if stage.table}
        tables = {path for plan in run.tasks.values() for path in plan.table_files}
        others = {METRICS, TRAINING_SETS_TABLE, APPENDIX}
        self.all = sorted(tables.union(others, *self.expected.values()))

    def superfluous(self, noun: str) -> list[str]:
        """Return files in a stage's folders that are of other params: of subjects, data sets, methods or shards."""
        expected = self.expected[noun]
        parents = {str(parent) for path in expected for parent in Path(path).parents}
        skipped, others = set(expected), []  # the contents of kept or listed folders are not listed again
        for path in sorted(path for folder in folders(noun) for path in visible(Path(folder), "**/*")):
            if str(path) in skipped or str(path) in parents or any(str(parent) in skipped for parent in path.parents):
                continue
            skipped.add(str(path))
            others.append(str(path))
        return others


def stage_of(rule: str) -> str:
    """Return the stage that has a rule. Raises LookupError for a rule that the register does not have."""
    for noun, stage in STAGES.items():
        if any(re.fullmatch(re.sub(r"{\w+}", r"\\w+", name), rule) for name in stage.rules):
            return noun
    raise LookupError(f"rule {rule} must be in workflow/stages.py")


def groups(datasets: Iterable[str]) -> str:
    """The part of the Slurm profile that groups jobs into submissions, and their number."""
    names = [*datasets]
    lines = ["groups:"]
    for group, (_, of_group) in GROUPS.items():
        lines += [f"  {name}: {group}" for rule in of_group for name in expand(rule, names)]
    return "\n".join([*lines, "group-components:", *(f"  {name}: {count}" for name, (count, _) in GROUPS.items())])


if __name__ == "__main__":
    from microexpr.datasets import MACRO, MICRO

    text = groups([*MICRO, *MACRO])
    page = BLOCK.sub(lambda match: f"{match[1]}{text}{match[3]}", PROFILE.read_text(encoding="utf-8"))
    PROFILE.write_text(page, encoding="utf-8")
