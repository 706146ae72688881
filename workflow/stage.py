"""The commands that connect DVC and Snakemake.

python workflow/stage.py NOUN      for DVC: runs the rules of a stage, and of a stage of workflow/dvc.yaml also upstream
python workflow/stage.py record    records every result of a finished run in dvc.lock and DVC's cache
python workflow/stage.py adopt     after dvc pull or checkout: makes Snakemake accept the outputs that match dvc.lock

Snakemake knows the params of what it has made itself. A file from DVC's cache it takes as up to date even after an edit
of params. DVC runs a stage only if it is stale, so `run` first moves such files away.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import own_source
from room import OTHER_PARAMS, set_aside
from stages import STAGES, Outputs, folders, rules

from microexpr.cli import config
from microexpr.core import records
from microexpr.core.errors import MicroexprError
from microexpr.core.files import visible
from microexpr.tasks.run import Run
from reader_fits.population.planned import Population

PIPELINE, OTHERS = "dvc.yaml", "workflow/dvc.yaml"  # the stages on the way to the table; all other stages


def other_stages() -> list[str]:
    """Return the stages of `OTHERS` whose outputs all exist, in the order in which they run.

    Another table may have needed some of a stage: DVC takes none with an output missing."""
    described = config.load(OTHERS)["stages"]
    outs = {noun: [path for entry in stage["outs"] for path in entry] for noun, stage in described.items()}
    return [noun for noun in STAGES if noun in described and all(map(os.path.lexists, outs[noun]))]


def prune_checkpoints(run: Run) -> None:
    """Delete the checkpoints of trainings that are finished or no longer part of the run."""
    checkpoints = run.checkpoints
    for folder in visible(Path("work/checkpoints"), "*/*/*"):
        result = checkpoints.get(str(folder))
        if result is None or records.is_made(result):
            shutil.rmtree(folder)


def planned_run() -> Run:
    """Return the run that params.yaml describes; end the program with a one-line error if it is invalid."""
    try:
        return Run(config.check_cached(config.load("params.yaml")), Population)
    except MicroexprError as error:
        sys.exit(f"error: {error}")


def make_folders(noun: str) -> None:
    """Make the folders of a stage, which DVC expects even if a run writes nothing into them."""
    for folder in folders(noun):
        Path(folder).mkdir(parents=True, exist_ok=True)


def run(noun: str) -> int:
    """Run a stage by Snakemake and return its exit code; a stage that is not in dvc.yaml with all that it needs."""
    planned = planned_run()
    outputs = Outputs(planned)
    if noun not in STAGES:
        sys.exit(f"error: stage must be one of {', '.join(STAGES)}, not {noun}")
    make_folders(noun)
    set_aside(records.altered(outputs.expected[noun]), "was not made here, or changed since", print)
    # not left to `Session.begin`, which a run without jobs skips: DVC compares the folders before the next stage
    set_aside(outputs.superfluous(noun), OTHER_PARAMS, print)
    outdated = planned.tasks[noun].outdated if noun in planned.tasks else []
    set_aside(outdated, "is of files that are no longer there", print)
    target, allowed = f"all_{noun}", list[str]()
    if noun in outputs.of_table:
        target = f"table_{noun}"
        others = rules("population", planned) if noun == "pretrain" and planned.first.needed() else []  # of OTHERS
        allowed = ["--allowed-rules", *rules(noun, planned), *others, target]
    return subprocess.call(["snakemake", *allowed, "--", target], env=os.environ | {"MICROEXPR_STAGE": noun})


def record() -> int:
    """Record the outputs of a finished run in dvc.lock and DVC's cache, by links; run no job."""
    if not Path(".git").exists() or not Path(".dvc").is_dir():
        print("note: not recorded for DVC, which needs a git repository here (git init)")
        return 0
    for folder in ("results", ".dvc"):
        if not os.access(folder, os.W_OK):
            sys.exit(f"error: {folder}: cannot be written (mounted read-only, or owned by somebody else?)")
    outputs = Outputs(planned_run())
    if altered := records.altered(outputs.all):
        sys.exit(
            f"error: {altered[0]} was not made here, or changed since; once it is deleted, `make table` makes it again"
        )
    for noun in outputs.of_table:
        make_folders(noun)
    command = ["dvc", "commit", "--force", PIPELINE, *(f"{OTHERS}:{noun}" for noun in other_stages())]
    process = subprocess.run(command, text=True, stderr=subprocess.PIPE)
    if process.returncode:
        print(process.stderr.strip(), file=sys.stderr)
        return process.returncode
    records.altered(outputs.all)  # gives outputs their times back that DVC replaced by links to older files
    results = [path.stat() for path in Path("results").rglob("*") if path.is_file()]
    size = sum(stat.st_size for stat in results) / 1e6
    copied = sum(stat.st_size for stat in results if stat.st_nlink == 1) / 1e6
    print(
        f"recorded in dvc.lock and DVC's cache: {len(results)} results, {size:.0f} MB, of which {copied:.0f} MB twice"
    )
    return 0


def matches_lock(pipeline: str) -> bool:
    """Return whether params, code and outputs of a pipeline or stage are those in dvc.lock."""
    return subprocess.call(["dvc", "status", "--quiet", pipeline]) == 0


def adopt() -> int:
    """Render the corpora, then mark every output that matches dvc.lock as up to date."""
    outputs = Outputs(planned_run())
    if code := run("render"):
        return code
    if not matches_lock(PIPELINE):
        sys.exit(
            "error: these results are not of these params and this code (`dvc status`): adopt them at the commit of "
            "dvc.lock, before any edit, or let `dvc repro` compute them"
        )
    others = [noun for noun in other_stages() if STAGES[noun].adoptable and matches_lock(f"{OTHERS}:{noun}")]
    targets = [*(f"table_{noun}" for noun in outputs.of_table), "all", *(f"all_{noun}" for noun in others)]
    if code := subprocess.call(["snakemake", "--touch", "--forceall", "--quiet", "all", "--", *targets]):
        return code
    values = config.load("params.yaml")
    table_paths = {path for paths in outputs.of_table.values() for path in paths}
    for path in sorted(table_paths.union(*(outputs.expected[noun] for noun in others))):
        if os.path.lexists(path):
            records.take(path, values)
    return 0


COMMANDS = {"record": record, "adopt": adopt}

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    own_source.restart()
    name = sys.argv[1]
    try:
        sys.exit(COMMANDS[name]() if name in COMMANDS else run(name))
    except KeyboardInterrupt:
        sys.exit(130)
