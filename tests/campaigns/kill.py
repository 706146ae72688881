"""Trainings killed at random moments (SIGKILL) and started again end in the bytes of undisturbed ones.

From the signal stages' files on; that these survive a kill is in `make test`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import yaml
from checkout import differences, digests, environment, scratch

from microexpr import params
from microexpr.seeds import generator

METHODS = {
    "ststnet": {"epochs": 80, "batch": 8},
    "icegan": {"epochs": 8, "image_size": 32, "width": 4, "batch": 8, "discriminator": "cnn"},
    "flow_svm": {},
}
SIGNALS = ("all_index", "all_flow", "all_aus")
FROM_TRAININGS = ("train", "synth", "evaluate", "final")
TARGETS = ("all", "results/final/ststnet.safetensors")
MINUTES = 0.005  # between two checkpoints: 0.3 s


def main() -> int:
    arguments = parsed()
    with tempfile.TemporaryDirectory(prefix="microexpr-campaign-") as temporary:
        base = (arguments.keep or Path(temporary)).resolve()
        undisturbed, killed = prepared(base / "undisturbed", arguments), base / "killed"
        finish(undisturbed, arguments.cores, SIGNALS)
        shutil.copytree(undisturbed, killed, symlinks=True)
        started = time.monotonic()
        finish(undisturbed, arguments.cores, TARGETS)
        seconds = time.monotonic() - started
        print(f"undisturbed: {seconds:.0f} s", flush=True)
        resumed = kill(killed, arguments, seconds)
        finish(killed, arguments.cores, TARGETS)
        resumed += gone_on(killed)
        count, differ = differences(undisturbed, killed)
    print("\n".join(differ), end="\n" * bool(differ))
    print(f"{count} results, {len(differ)} of them missing or of other bytes after {arguments.kills} kills")
    print(f"{resumed} times a training went on from a checkpoint")
    return 1 if differ or not resumed else 0


def parsed() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="default 10")
    parser.add_argument("--seed", type=int, default=1, help="of the moments, default 1")
    parser.add_argument("--plan", choices=("sequential", "stacked"), default="sequential", help="default sequential")
    parser.add_argument("--cores", type=int, default=2, help="jobs at once, default 2")
    parser.add_argument("--keep", type=Path, help="a folder to run in, that stays; else a temporary one")
    return parser.parse_args()


def prepared(root: Path, arguments: Namespace) -> Path:
    """A copy of the project with two people a data set and three methods."""
    scratch.copy(root)
    path = root / "params.yaml"
    values, tiny = params.load(path), params.load(root / "workflow/presets/tiny.yaml")
    values |= {
        "origin": "generated",
        "methods": METHODS,
        "variants": {},
        "macro": tiny["macro"],
        "evaluate": tiny["evaluate"],
    }
    values["generate"] |= tiny["generate"]
    values["train"] |= {"checkpoint_minutes": MINUTES, "plan": arguments.plan}
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return root


def command(cores: int, targets: Sequence[str]) -> list[str]:
    return ["snakemake", "--cores", str(cores), "--quiet", "all", "--", *targets]


def finish(root: Path, cores: int, targets: Sequence[str]) -> None:
    """Raises CalledProcessError where the run fails, after Snakemake has said why."""
    subprocess.run(command(cores, targets), cwd=root, env=environment(root), check=True)


def kill(root: Path, arguments: Namespace, seconds: float) -> int:
    """How many times a training went on from a checkpoint while so many runs were killed.

    Each is killed within half of an undisturbed run's length, since it goes on where the last one was.
    One that finishes before has its trainings taken away.
    """
    rng, silent, resumed = generator(arguments.seed, "campaign", "kill"), subprocess.DEVNULL, 0
    for number in range(1, arguments.kills + 1):
        moment = rng.uniform(0, seconds / 2)
        running = subprocess.Popen(
            command(arguments.cores, TARGETS), cwd=root, env=environment(root), stdout=silent, stderr=silent,
            start_new_session=True,
        )  # fmt: skip
        finished = ended(running, moment)
        if not finished:
            os.killpg(running.pid, 9)
            running.wait()
            subprocess.run(["snakemake", "--unlock"], cwd=root, env=environment(root), check=True, capture_output=True)
        resumed += gone_on(root)
        made, kept = len(digests(root)), len(list((root / "work/checkpoints").rglob("*.safetensors")))
        said = "it had finished" if finished else f"{made} results, {kept} checkpoints"
        print(f"kill {number}: after {moment:.0f} s, {said}", flush=True)
        if finished:
            for folder in FROM_TRAININGS:
                shutil.rmtree(root / "results" / folder, ignore_errors=True)
            for table in (root / "results").glob("megc2019_*"):
                table.unlink()  # or Snakemake would not miss the trainings behind it
    return resumed


def ended(running: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Whether it ended well by itself within so many seconds. Raises CalledProcessError if it ended badly."""
    try:
        code = running.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    if code:
        raise subprocess.CalledProcessError(code, "snakemake")
    return True


def gone_on(root: Path) -> int:
    """Checkpoints that the jobs of the last run went on from, by their logs; these are emptied."""
    count = 0
    for path in (root / "work/logs").rglob("*.log"):
        count += path.read_text(encoding="utf-8", errors="replace").count("note: goes on from")
        path.write_text("", encoding="utf-8")
    return count


if __name__ == "__main__":
    sys.exit(main())
