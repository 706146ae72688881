"""What dvc.yaml calls: `python workflow/stage.py NOUN [METHOD]` runs that stage's own rules; `--adopt` follows a pull.

Snakemake trusts an output through its record in .snakemake/metadata. What DVC puts there (pull, checkout, exp run
--temp) has no record, or an older one than the file, and Snakemake would call it up to date after a params edit. So:
outputs that were not made here are removed first (DVC has already found the stage stale), then Snakemake runs.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from dag import FLOW_FOLDERS, FLOW_TABLE, METRICS, PAIRED, TABLE, Dag

from microexpr import params
from microexpr.errors import MicroexprError

TRAINING = ("train", "train_longest", "train_synth")
RECORDS = Path(".snakemake/metadata")
VOUCHED = os.environ | {"MICROEXPR_STAGE": "1"}  # DVC, or adopting, answers for results without a record


def recorded(path: Path) -> float:
    """When Snakemake finished making this path or a folder above it; 0 if it never did here."""
    for one in (path, *path.parents[:-1]):
        name = base64.urlsafe_b64encode(str(one).encode()).decode()
        try:
            return float(json.loads((RECORDS / name).read_text(encoding="utf-8")).get("endtime") or 0)
        except (OSError, ValueError):
            continue
    return 0


def forget(outputs: list[str]) -> None:
    """Removes every file that Snakemake did not make here."""
    paths = [file for output in outputs for file in (Path(output), *Path(output).rglob("*"))]
    strange = [path for path in paths if is_foreign(path)]
    for path in strange:
        path.unlink()
    if strange:
        print(f"stage.py: {len(strange)} of {len(paths)} outputs were not made here; removed", flush=True)


def is_foreign(path: Path) -> bool:
    """Whether this is a file without a record of Snakemake's, or newer than it."""
    return path.is_file() and path.stat().st_mtime > recorded(path) + 1


def prune_checkpoints(dag: Dag) -> None:
    """Keeps those of trainings that Snakemake has not yet recorded as made: it will make these again."""
    for folder in Path("work/checkpoints").glob("*/*/*"):
        result = Path(dag.checkpoints.get(str(folder), "of no training"))
        if str(folder) not in dag.checkpoints or (result.is_file() and not is_foreign(result)):
            shutil.rmtree(folder)


def foreign(dag: Dag) -> list[str]:
    """Results of this run that are there but were not made here; not the papers' tables, whose trainings DVC lacks,
    nor the page that shows these."""
    known = {noun: paths for noun, paths in dag.belongs().items() if noun not in ("generate", "papers", "report")}
    paths = [Path(path) for paths in known.values() for path in sorted(paths)]
    return [str(path) for path in (*paths, Path(TABLE), Path(PAIRED), Path(FLOW_TABLE)) if is_foreign(path)]


def planned() -> Dag:
    """The run that params.yaml asks for; one that cannot be ends the program with a line."""
    try:
        return Dag(params.load("params.yaml"))
    except MicroexprError as error:
        sys.exit(f"error: {error}")


def run(noun: str, method: str | None = None) -> int:
    """Snakemake's exit code after it ran the rules of one stage, and none upstream: DVC answers for those."""
    dag = planned()
    target, rules, outputs = f"all_{noun}", [noun], [f"results/{noun}"]
    if noun == "generate":
        rules = [f"generate_{name}" for name in dag.planned]
        rules += [f"annotation_{name}" for name in dag.planned if dag.annotations(name)]
        outputs = ["data/generated"]
    elif noun == "evaluate":
        rules = ["evaluate", "evaluate_faces", "table", *TRAINING]  # these for variants of methods
        outputs = ["results/evaluate", TABLE, PAIRED, METRICS]
    elif noun == "train":
        target, rules = f"train_{method}", [*TRAINING]
        outputs = [f"results/train/{method}", f"results/synth/{method}"]
        Path(outputs[1]).mkdir(parents=True, exist_ok=True)  # DVC wants it of every method; empty if it makes no faces
        dag.prune("synth")
    elif noun == "synth":
        target, outputs = f"synth_{method}", [f"results/synth/{method}"]
        Path(outputs[0]).mkdir(parents=True, exist_ok=True)  # DVC wants it, also where no data set of its is here
    elif noun == "papers":
        # the others of protocols that no other stage knows
        rules = ["papers", "papers_icegan_fig4", "papers_icegan_fig5", "papers_mtmnet_fig1", "papers_mtmnet_fig3"]
        rules += [f"papers_augacn_fig{number}" for number in (3, 4, 5)]
        rules += ["papers_famgan_transfer", "papers_famgan_ablation", "papers_localregions"]
        rules += ["pretrain", *TRAINING, "evaluate", "evaluate_faces"]
        rules += [f"{stage}_{study}" for study in dag.studies for stage in ("train", "evaluate")]
    elif noun in ("final", "pretrain"):
        rules += ["final_generator"] * (noun == "final")
        Path(outputs[0]).mkdir(parents=True, exist_ok=True)  # DVC wants it, also where no method has any
    elif noun == "truth":
        rules = ["truth_person", "truth"]
    elif noun == "people":
        rules = ["people", "people_with_macro"]
    elif noun == "flow_folders":
        rules, outputs = [noun, *(f"{noun}_{part}" for part in ("train", "evaluate", "table"))], [*outputs, FLOW_TABLE]
        Path(outputs[0]).mkdir(parents=True, exist_ok=True)  # DVC wants it, empty where no such flow is here
        if not os.path.lexists(FLOW_FOLDERS):
            for path in Path(outputs[0]).iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    forget(outputs)
    dag.prune(noun)
    return subprocess.call(["snakemake", "--allowed-rules", *rules, target, "--", target], env=VOUCHED)


def adopt() -> int:
    """After `dvc pull`: makes what DVC does not keep, then records everything as made here."""
    made = run("generate")
    if made or subprocess.call(["dvc", "status", "-q"]):
        sys.exit("error: what was pulled is not what params and code say (`dvc status`); `dvc repro` makes it so")
    nouns = sorted(planned().belongs().keys() - {"generate", "papers", "flow_folders", "report"})
    targets = [*(f"all_{noun}" for noun in nouns), "all", FLOW_TABLE]
    return subprocess.call(["snakemake", "--touch", "--forceall", "--quiet", "all", "--", *targets], env=VOUCHED)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments == ["--adopt"]:
        sys.exit(adopt())
    if not 1 <= len(arguments) <= 2:
        sys.exit(__doc__)
    sys.exit(run(*arguments))
