"""FAMGAN with the shipped generator: its task, its devices, and nothing, one side or one unit asked of it.

Sources are a corpus's nine of each seed, faces two rendered people of that seed: it has seen none of them. First the
table of the task and the devices taken away, as results/papers/famgan has them of the generator that the DAG trains.
Then what is asked is made up: nothing, one unit at a time on both sides, AU12 on the left alone; and the command on a
photograph, by the clock.
"""

import subprocess
import time
from pathlib import Path

import checkout
import cv2
import numpy as np
import pages
from checkout import compute, environment, folder
from scratch import copy
from skimage import data

from facs_faces.display import ACTION_UNITS as SHOWN
from facs_faces.performance import DIFFICULTIES
from microexpr.apps.reenact import animate
from microexpr.apps.reenact.evaluation import changes
from microexpr.apps.reenact.source import STAGES
from microexpr.core.files import shipped
from microexpr.datasets import index
from microexpr.protocols import ALL_GROUPS, driving_clips
from microexpr.reporting.papers import transfers
from microexpr.reporting.papers.transfers import Task
from microexpr.signals.aus import ACTION_UNITS

ASKED = 1.5  # FACS intensity of one unit
SMILE = ACTION_UNITS.index("AU12")


def main() -> int:
    arguments = pages.parser(__doc__, first=1, seeds=2, cores=2, keep=None).parse_args()
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with folder(arguments.keep, f"famgan-{seed}") as root:
            copy(root)
            task = prepared(root, arguments.cores, seed)
            rows = list(transfers.rows(task.reenactments(), task.reader, task.kind))
            print(f"\nseed {seed}, generated\n\n{transfers.markdown(rows)}")
            print(transfers.ablation_markdown(list(transfers.ablation(task, seed))), flush=True)
            asked(task)
            if seed == arguments.first:
                photograph(root, task.driving_clips[0].clip.id)
    return 0


def prepared(root: Path, cores: int, seed: int) -> Task:
    """The stage files of the sources, and the task with the shipped generator."""
    values = checkout.params()
    values["seed"], values["origin"], values["render"]["difficulty"] = seed, "generated", "standard"
    indices = [f"results/index/{name}.csv" for name in values["datasets"]]
    compute(root, values, cores, *indices)
    clips = index.read_all([root / path for path in indices])
    people = sorted({(clip.dataset, clip.subject) for clip in driving_clips(ALL_GROUPS.select(clips))})
    outputs = {stage: [f"results/{stage}/{name}/{subject}.h5" for name, subject in people] for stage in STAGES}
    compute(root, values, cores, *(path for paths in outputs.values() for path in paths))
    outputs["truth"] = [f"data/rendered/truth/{name}/{subject}.h5" for name, subject in people]
    files = {role: [str(root / path) for path in paths] for role, paths in outputs.items()}
    size = values["render"]["width"], values["render"]["height"]
    return Task.load(clips, (), files, str(shipped("reenact.safetensors")), "lanczos", seed, size)


def asked(task: Task) -> None:
    """Nothing; each unit alone, beside what is read off the face that truly does it; the left side of AU12 alone."""
    table = pages.Table("face", "unit", "asked", "read back", "of the true face", "other units, mean")
    shares = []
    for name, (target, person) in task.faces.items():
        assert person is not None
        nothing = animate(task.model, target, np.zeros((1, 17, 2), np.float32), task.kind)[0]
        change = np.abs(nothing.astype(int) - target.crop).mean()
        noise = DIFFICULTIES["standard"].noise
        table.add(name, "none", 0, f"mean change {change:.3f} grey levels; the camera's noise {noise}", "", "")
        for unit, called in enumerate(ACTION_UNITS):
            asked_change = np.zeros((2, 17, 2), np.float32)
            asked_change[1, unit] = ASKED
            true = np.zeros((2, len(SHOWN), 2), np.float32)
            true[1, SHOWN.index(called)] = ASKED
            readings, best = (
                changes(film, target, task.reader)[1].mean(-1)
                for film in (
                    animate(task.model, target, asked_change, task.kind),
                    np.stack([target.align(frame) for frame in person.perform(true)]),
                )
            )
            others = np.abs(np.delete(readings, unit)).mean()
            shares.append((called, readings[unit] / ASKED, best[unit] / ASKED))
            table.add(name, called, ASKED, f"{readings[unit]:.2f}", f"{best[unit]:.2f}", f"{others:.2f}")
        left = np.zeros((2, 17, 2), np.float32)
        left[1, SMILE, 0] = ASKED
        sides = changes(animate(task.model, target, left, task.kind), target, task.reader)[1, SMILE]
        table.add(name, "AU12, left alone", ASKED, f"left {sides[0]:.2f}, right {sides[1]:.2f}", "", "")
    half = sum(readings >= 0.5 for _, readings, _ in shares)
    print(f"read back by at least half of what was asked: {half} of {len(shares)}")
    mean, true = (np.mean([share[column] for share in shares]) for column in (1, 2))
    print(f"mean share read back {mean:.2f}, of true faces {true:.2f}", flush=True)


def photograph(root: Path, clip: str) -> None:
    """The command, on scikit-image's picture of an astronaut."""
    picture = root / "astronaut.png"
    cv2.imwrite(str(picture), data.astronaut()[..., ::-1])
    command = ["microexpr", "reenact", "--driving", clip, "--face", str(picture), "--out", str(root / "given")]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=root, env=environment(root), check=True, text=True, capture_output=True)
    print(f"\n{done.stdout}\nastronaut: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    pages.start(main)
