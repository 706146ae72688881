"""The register of stages: the rules of each, the resources of their jobs, where its outputs lie and which these are.

Read by the Snakefile and its rules, dag.py and stage.py. `python workflow/stages.py` prints it as a table, and writes
its groups into the Slurm profile.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from microexpr.datasets import LONG
from microexpr.protocols import ABLATION

if TYPE_CHECKING:
    from dag import Dag

TABLE, METRICS = "results/megc2019_table.csv", "results/metrics"
PAIRED = "results/megc2019_paired.csv"
APPENDIX = "results/megc2019_appendix.csv"  # rows that are at chance, each with the reason
TRAINING_SETS_TABLE = "results/megc2019_training_sets.csv"  # each method by training set
UNIT_TABLES = ("results/units_table.csv", "results/units_loso_table.csv")  # of action units: by data set, by subject
UNIT_PAIRED = "results/units_paired.csv"
SPOT_TABLE = "results/megc2025_table.csv"  # of long videos
SPOT_FIGURES, SPOT_PAIRED = "results/spot/figures.csv", "results/spot/paired.csv"
PROFILE = Path("workflow/profiles/slurm/config.yaml")
BLOCK = re.compile(r"(stages begin.*?\n)(.*?)(\n[^\n]*stages end)", re.DOTALL)  # what this file writes into it


@dataclass(frozen=True)
class Job:
    """The resources of one job of a rule. Each further attempt gets twice the memory and minutes of the last."""

    memory: int = 1000  # MB; docs/cluster.md has the measured values
    minutes: int = 30
    group: str = ""  # jobs of one group share a submission to a cluster


@dataclass(frozen=True)
class Stage:
    """One stage, which has a rule file and a script of its name."""

    rules: Mapping[str, Job]  # by name; {dataset}, {long} or {study} in it stands for each of these
    outputs: "Callable[[Dag], Iterable[str]]"  # every file or folder that a run may have in the stage's folders
    table: "Callable[[Dag], list[str]] | None" = None  # the outputs that the main table needs; None: it needs none
    folders: tuple[str, ...] = ()  # results/<stage> if none is given
    adoptable: bool = True  # whether DVC's cache holds all that the outputs depend on, so that `adopt` can check them


SIGNAL, TRAINING = Job(group="subject"), Job(memory=2000, minutes=360)
STAGES = {  # in the order in which they run
    "render": Stage(
        rules={
            "render_{dataset}": Job(memory=1200, minutes=60, group="subject"),
            "annotation_{dataset}": Job(group="annotation"),
            "render_long_{long}": Job(memory=1500, minutes=240, group="long"),
            "annotation_long_{long}": Job(group="annotation"),
        },
        folders=("data/rendered",),
        outputs=lambda dag: [*dag.rendered_files(dag.plans), *dag.rendered_video_files],
        table=lambda dag: dag.rendered_files(dag.table_datasets["faces"]),
    ),
    "faces": Stage(
        rules={"faces": SIGNAL},
        outputs=lambda dag: dag.per_subject("faces", dag.origin),
        table=lambda dag: dag.per_subject("faces", dag.table_datasets["faces"]),
    ),
    "index": Stage(
        rules={"index": Job(group="index"), "index_population": Job()},
        outputs=lambda dag: dag.indices({*dag.origin, *dag.sources(ABLATION)}),
        table=lambda dag: dag.indices(dag.table_datasets["faces"]),
    ),
    "apex": Stage(
        rules={"apex": SIGNAL},
        outputs=lambda dag: dag.per_subject("apex", dag.origin),
        table=lambda dag: dag.per_subject("apex", dag.table_datasets["apex"]),
    ),
    "flow": Stage(
        rules={"flow": SIGNAL},
        outputs=lambda dag: dag.per_subject("flow", dag.origin),
        table=lambda dag: dag.per_subject("flow", dag.table_datasets["flow"]),
    ),
    "aus": Stage(
        rules={"aus": SIGNAL, "aus_pyfeat": Job(memory=3000, group="subject")},
        outputs=lambda dag: dag.per_subject("aus", dag.origin),
        table=lambda dag: dag.per_subject("aus", dag.table_datasets["aus"]),
    ),
    "population": Stage(
        rules={
            "population": Job(memory=1500, minutes=60, group="population"),
            "portraits": Job(memory=1500, minutes=60, group="portraits"),
            "takes": Job(memory=1500, minutes=60, group="population"),
        },
        outputs=lambda dag: [
            *dag.population_training_files,
            *dag.population_held_out_files,
            *dag.portrait_files,
            *dag.held_out_portrait_files,
            *dag.take_files,
            *dag.held_out_take_files,
        ],
        folders=("results/population", "results/portraits", "results/takes"),
    ),
    "pretrain": Stage(
        rules={"pretrain": TRAINING, "pretrain_on_population": TRAINING},
        outputs=lambda dag: dag.first.files,
        table=lambda dag: sorted(
            {path for name in dag.in_table for path in dag.first.teacher_paths(name, dag.protocol.name)}
            | {*dag.first.needed()}
        ),
    ),
    "synthesise": Stage(
        rules={"synthesise": TRAINING},
        outputs=lambda dag: dag.generator_files(),
        table=lambda dag: dag.generator_files(dag.table_generators),
    ),
    "train": Stage(
        rules={"train": TRAINING, "train_generator": TRAINING, "train_{study}": TRAINING},
        outputs=lambda dag: dag.trained_files(dag.trainings),
        table=lambda dag: dag.trained_files((name, dag.protocol.name) for name in dag.in_table),
    ),
    "evaluate": Stage(
        rules={
            "evaluate": Job(group="evaluate"),
            "evaluate_leaky": Job(),
            "evaluate_{study}": Job(),
            "evaluate_faces": Job(group="evaluate"),
            "evaluate_clips": Job(),
            "table": Job(),
            "training_sets": Job(),
            "appendix": Job(),
        },
        outputs=lambda dag: [
            *(path for pair in dag.trainings for path in dag.evaluation_files(*pair)),
            *dag.all_face_evaluations(),
            *dag.clip_evaluations(),
        ],
        table=lambda dag: [
            *(path for name in dag.in_table for path in dag.evaluation_files(name, dag.protocol.name)),
            *(TABLE, PAIRED, METRICS),
        ],
    ),
    "duplicate_subjects": Stage(
        rules={"duplicate_subjects": Job(), "duplicate_subjects_with_macro": Job()},
        outputs=lambda dag: [*dag.duplicates_files(), *dag.duplicates_files("with_macro/")],
        table=lambda dag: dag.duplicates_files(),
    ),
    "refit": Stage(
        rules={"refit": TRAINING, "refit_generator": TRAINING},
        outputs=lambda dag: [dag.refit_file(name) for name in (*dag.networks, *dag.refit_generators)],
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
        outputs=lambda dag: dag.paper_files,
        adoptable=False,
    ),
    "signal_benchmark": Stage(
        rules={
            "signal_benchmark_subject": Job(memory=1500, minutes=60, group="benchmark"),
            "signal_benchmark": Job(),
        },
        outputs=lambda dag: [*dag.benchmark_files, *dag.benchmark_figures],
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
        outputs=lambda dag: [
            *(path for path in dag.first.package_files if path.startswith("results/shipped/")),
            "results/shipped/files.csv",
        ],
    ),
    "flow_folders": Stage(
        rules={
            "flow_folders": Job(),
            "flow_folders_region": Job(),
            "flow_folders_population": Job(),
            "flow_folders_train": TRAINING,
            "flow_folders_evaluate": Job(),
            "flow_folders_table": Job(),
        },
        outputs=lambda dag: dag.flow_folder_files,
    ),
    "units": Stage(
        rules={
            "units_pretrain": TRAINING,
            "units_train": TRAINING,
            "units_evaluate": Job(group="evaluate"),
            "units_table": Job(),
            "units_loso_table": Job(),
        },
        outputs=lambda dag: dag.unit_files,
    ),
    "spot": Stage(
        rules={
            "spot": Job(memory=3000, minutes=240, group="long"),
            "spot_find": Job(memory=8000, minutes=720),
            "spot_table": Job(),
        },
        outputs=lambda dag: dag.spot_files,
    ),
    "report": Stage(
        rules={"report": Job(memory=1500)},
        outputs=lambda dag: ["results/report/index.html"],
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
    """The folders of a stage's outputs; only the main table lies outside them."""
    return [*(STAGES[noun].folders or (f"results/{noun}",))]


def expand(rule: str, datasets: Iterable[str], studies: Iterable[str]) -> list[str]:
    """The names of the rules for which a name of the register stands; {long} is each data set of long videos."""
    if "{long}" in rule:
        return [rule.format(long=name) for name in LONG]
    if "{dataset}" in rule:
        return [rule.format(dataset=name) for name in datasets]
    return [rule.format(study=name) for name in studies] if "{study}" in rule else [rule]


def stage_of(rule: str) -> str:
    """Return the stage that has a rule. Raises LookupError for a rule that the register does not have."""
    for noun, stage in STAGES.items():
        if any(re.fullmatch(re.sub(r"{\w+}", r"\\w+", name), rule) for name in stage.rules):
            return noun
    raise LookupError(f"rule {rule} must be in workflow/stages.py")


def groups(datasets: Iterable[str]) -> str:
    """The part of the Slurm profile that groups jobs into submissions, and their number."""
    names = [*datasets]
    jobs = {
        name: job for stage in STAGES.values() for rule, job in stage.rules.items() for name in expand(rule, names, ())
    }
    lines = ["groups:", *(f"  {name}: {job.group}" for name, job in jobs.items() if job.group)]
    return "\n".join([*lines, "group-components:", *(f"  {name}: {count}" for name, count in COMPONENTS.items())])


def table() -> str:
    """The stages as a table of Markdown."""
    lines = ["| stage | rules | outputs | MB | minutes | group |", "| --- | --- | --- | --- | --- | --- |"]
    for noun, stage in STAGES.items():
        for job in dict.fromkeys(stage.rules.values()):
            rules = ", ".join(f"`{rule}`" for rule, other in stage.rules.items() if other == job)
            lines.append(
                f"| {noun} | {rules} | `{', '.join(folders(noun))}` | {job.memory} | {job.minutes} | {job.group} |"
            )
    return "\n".join(lines)


def write_block(path: Path, text: str) -> None:
    """Puts the text between the marks of a file."""
    page = path.read_text(encoding="utf-8")
    path.write_text(BLOCK.sub(lambda match: f"{match[1]}{text}{match[3]}", page), encoding="utf-8")


if __name__ == "__main__":
    from microexpr.datasets import MACRO, MICRO

    write_block(PROFILE, groups([*MICRO, *MACRO]))
    print(table())
