"""The register of stages: the rules of each, the resources of their jobs, where its outputs lie and which these are.

Read by the Snakefile and its rules, and by stage.py. `python workflow/stages.py` prints it as a table, and writes
its groups into the Slurm profile.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from planned import METRICS, PAIRED, TABLE
from run import APPENDIX, TRAINING_SETS_TABLE, Run

from microexpr.core.files import visible
from microexpr.protocols import ABLATION, MAIN_TASK, TASKS
from microexpr.rendering.layouts import LONG_NATIVES

PROFILE = Path("profiles/slurm/config.yaml")
BLOCK = re.compile(r"(stages begin.*?\n)(.*?)(\n[^\n]*stages end)", re.DOTALL)  # what this file writes into it


@dataclass(frozen=True)
class Job:
    """The resources of one job of a rule. Each further attempt gets twice the memory and minutes of the last."""

    memory: int = 1000  # MB; docs/cluster.md has the measured values
    minutes: int = 30
    group: str = ""  # jobs of one group share a submission to a cluster


@dataclass(frozen=True)
class Stage:
    """One stage: a rule file and a script have its name, but for a task, which has no rules but those of others."""

    rules: Mapping[str, Job]  # by name; {dataset} or {long} in it stands for each of these
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
    return [*(path for training in run.plan.table for path in training.evaluation), TABLE, PAIRED, METRICS]


def signal(name: str, **rules: Job) -> Stage:
    """The stage of a signal: a file for each subject. `rules` are further ones that make it."""
    return Stage(
        rules={name: Job(group="subject"), **rules},
        outputs=lambda run: run.corpus.per_subject(name, run.corpus.origin),
        table=lambda run: run.corpus.per_subject(name, run.table_datasets[name]),
    )


TRAINING = Job(memory=2000, minutes=360)
STAGES = {  # in the order in which they run
    "render": Stage(
        rules={
            "render_{dataset}": Job(memory=1200, minutes=60, group="subject"),
            "annotation_{dataset}": Job(group="annotation"),
            "render_long_{long}": Job(memory=1500, minutes=240, group="long"),
            "annotation_{long}": Job(group="annotation"),
        },
        folders=("data/rendered",),
        outputs=lambda run: [*run.rendered_files(run.corpus.plans), *run.videos.rendered_files],
        table=lambda run: run.rendered_files(run.table_datasets["faces"]),
    ),
    "faces": signal("faces"),
    "index": Stage(
        rules={"index": Job(group="index"), "index_population": Job()},
        outputs=lambda run: run.corpus.indices({*run.corpus.origin, *run.plan.sources(ABLATION)}),
        table=lambda run: run.corpus.indices(run.table_datasets["faces"]),
    ),
    "apex": signal("apex"),
    "flow": signal("flow"),
    "aus": signal("aus", aus_pyfeat=Job(memory=3000, group="subject")),
    "population": Stage(
        rules={
            "population": Job(memory=1500, minutes=60, group="population"),
            "portraits": Job(memory=1500, minutes=60, group="portraits"),
            "takes": Job(memory=1500, minutes=60, group="population"),
        },
        outputs=lambda run: [path for files in run.corpus.population_files.values() for path in files],
        folders=("results/population", "results/portraits", "results/takes"),
    ),
    "pretrain": Stage(
        rules={"pretrain": TRAINING, "pretrain_on_population": TRAINING},
        outputs=lambda run: run.first.files,
        table=networks_of_table,
        whole=networks_of_table,
    ),
    "synthesise": Stage(
        rules={"synthesise": TRAINING},
        outputs=lambda run: run.generators.files(run.generators.rows),
        table=lambda run: run.generators.files(run.table_generators),
    ),
    "train": Stage(
        rules={"train": TRAINING, "train_generator": TRAINING},
        outputs=lambda run: run.scores(run.plan.of_task(MAIN_TASK)),
        table=lambda run: run.scores(run.plan.table),
        whole=lambda run: [
            path for name in run.corpus.params["methods"] for path in run.plan.training(name, run.plan.main.name).files
        ],
    ),
    "evaluate": Stage(
        rules={
            "evaluate": Job(group="evaluate"),
            "evaluate_several": Job(group="evaluate"),
            "evaluate_leaky": Job(),
            "evaluate_faces": Job(group="evaluate"),
            "evaluate_clips": Job(),
            **{stem: Job() for task in TASKS.values() for stem in task.tables},
            "training_sets": Job(),
            "appendix": Job(),
        },
        outputs=lambda run: [
            *(path for training in run.plan.of_task(MAIN_TASK) for path in training.evaluation),
            *(
                training.evaluated("_all_faces.csv")  # every figure of synthesised faces, which papers' tables read
                for training in run.plan.of_task(MAIN_TASK)
                if training.method in run.plan.synthesising
            ),
            *(f"results/evaluate/clips/{name}.csv" for name in run.generators.rows),
        ],
        table=figures_of_table,
        whole=figures_of_table,
    ),
    "duplicate_subjects": Stage(
        rules={"duplicate_subjects": Job(), "duplicate_subjects_with_macro": Job()},
        outputs=lambda run: [*run.duplicates_files(), *run.duplicates_files("with_macro/")],
        table=lambda run: run.duplicates_files(),
    ),
    "refit": Stage(
        rules={"refit": TRAINING, "refit_generator": TRAINING},
        outputs=lambda run: run.refit_files.values(),
    ),
    "papers": Stage(
        rules={
            "papers": Job(),
            "papers_icegan_fig4": Job(),
            "papers_icegan_fig5": Job(),
            "papers_mtmnet_fig1": Job(),
            "papers_mtmnet_fig3": TRAINING,
            "papers_augacn_fig3": Job(),
            "papers_augacn_fig4": TRAINING,
            "papers_augacn_fig5": Job(),
            "papers_famgan_transfer": Job(),
            "papers_famgan_ablation": Job(),
            "papers_localregions": Job(),
        },
        outputs=lambda run: run.paper_files,
        adoptable=False,
    ),
    "signal_benchmark": Stage(
        rules={
            "signal_benchmark_subject": Job(memory=1500, minutes=60, group="benchmark"),
            "signal_benchmark": Job(),
        },
        outputs=lambda run: [*run.corpus.benchmark_files, *run.benchmark_figures],
    ),
    "shipped": Stage(
        rules={
            "fit_landmarks": Job(memory=8000, minutes=240),
            "fit_action_units": Job(memory=8000, minutes=240),
            "fit_reenact": Job(memory=4000, minutes=240),
            "fit_predict": TRAINING,
            "fit_spotter": TRAINING,
            "shipped": Job(),
        },
        outputs=lambda run: [
            *(path for path in run.first.package_files if path.startswith("results/shipped/")),
            "results/shipped/files.csv",
        ],
    ),
    "flow_folders": Stage(
        rules={
            "flow_folders": Job(),
            "flow_folders_region": Job(),
            "flow_folders_population": Job(),
        },
        outputs=lambda run: run.flow_folder_files,
        whole=lambda run: run.tables_of("flow_folders"),
    ),
    **{
        name: Stage(rules={}, outputs=partial(Run.files_of, task=name), whole=partial(Run.tables_of, task=name))
        for name, task in TASKS.items()
        if name != MAIN_TASK and not task.pictures
    },
    "spot": Stage(
        rules={
            "spot": Job(memory=3000, minutes=240, group="long"),
            "spot_movement": Job(memory=3000, minutes=240, group="long"),
            "spot_find": Job(memory=8000, minutes=720),
            "spot_table": Job(),
        },
        outputs=lambda run: run.videos.files,
    ),
    "questions": Stage(
        rules={
            "questions": Job(),
            "questions_measure": Job(memory=1500, group="subject"),
            "questions_program": Job(memory=32000, minutes=720),
            "questions_table": Job(),
        },
        outputs=lambda run: run.questions.files,
    ),
    "report": Stage(
        rules={"report": Job(memory=1500)},
        outputs=lambda run: ["results/report/index.html"],
        adoptable=False,
    ),
}
COMPONENTS = {
    "subject": 4,
    "annotation": 12,
    "index": 12,
    "evaluate": 8,
    "benchmark": 8,
    "population": 8,
    "portraits": 50,
    "long": 8,
}  # of a group in one submission


def folders(noun: str) -> list[str]:
    """The folders of a stage's outputs; tables lie outside them."""
    return [*(STAGES[noun].folders or (f"results/{noun}",))]


def expand(rule: str, datasets: Iterable[str]) -> list[str]:
    """The names of the rules for which a name of the register stands; {long} is each data set of long videos."""
    for key, names in (("{long}", LONG_NATIVES), ("{dataset}", datasets)):
        if key in rule:
            return [rule.replace(key, name) for name in names]
    return [rule]


def rules(noun: str, run: Run) -> dict[str, Job]:
    return {name: job for rule, job in STAGES[noun].rules.items() for name in expand(rule, run.corpus.plans)}


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
        tables = {path for task in TASKS.values() for stem in task.tables for path in task.files(stem).values()}
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
    jobs = {name: job for stage in STAGES.values() for rule, job in stage.rules.items() for name in expand(rule, names)}
    lines = ["groups:", *(f"  {name}: {job.group}" for name, job in jobs.items() if job.group)]
    return "\n".join([*lines, "group-components:", *(f"  {name}: {count}" for name, count in COMPONENTS.items())])


def table() -> str:
    lines = ["| stage | rules | outputs | MB | minutes | group |", "| --- | --- | --- | --- | --- | --- |"]
    for noun, stage in STAGES.items():
        for job in dict.fromkeys(stage.rules.values()):
            rules = ", ".join(f"`{rule}`" for rule, other in stage.rules.items() if other == job)
            lines.append(
                f"| {noun} | {rules} | `{', '.join(folders(noun))}` | {job.memory} | {job.minutes} | {job.group} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    from microexpr.datasets import MACRO, MICRO

    text = groups([*MICRO, *MACRO])
    page = BLOCK.sub(lambda match: f"{match[1]}{text}{match[3]}", PROFILE.read_text(encoding="utf-8"))
    PROFILE.write_text(page, encoding="utf-8")
    print(table())
