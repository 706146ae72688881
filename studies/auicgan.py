"""AU-ICGAN: whether made clips do what was asked, what the video critic adds, and what learning from them adds.

First, a generator trained without each group of subjects, for longer than params.yaml has it, once as it is and once
without the video critic (its class and its sequence loss taken away). Off clips of held-out people the embedded
reader, fitted on others, reads how intensities change; beside it the same with the frames of each clip in another
order. How rough the films are is compared with true ones of the same size. Second, methods under leave-one-subject-out
with and without what a generator, as params.yaml has it, made of the training side.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from checkout import environment, folder, parser
from scratch import copy

from microexpr import evaluation
from microexpr.cli import config
from microexpr.core import arithmetic
from microexpr.core.seeds import generator
from microexpr.datasets import index
from microexpr.evaluation import metrics, pairs, read_back
from microexpr.protocols import GROUPS, PROTOCOLS
from microexpr.signals import inputs
from microexpr.signals.aus import regressor

PAPERS = {"moves": False, "initialisation": "scratch", "condition": "intensity"}  # its two networks, small
LONGER = PAPERS | {
    "image_size": 32,
    "width": 8,
    "blocks": 2,
    "epochs": 100,
    "decay_epochs": 10,
    "critic_steps": 1,
    "lr": 1e-3,
}
WITHOUT = {"sequence_weight": 0, "emotion_weight": 0}
PROTOCOL = PROTOCOLS["megc2019"]
METHODS = ("augacn", "microexpstcnn", "capsulenet", "mer_gcn")
ORDERS, RESAMPLES = 999, 1000


def main() -> int:
    made = parser(__doc__ or "", first=1, seeds=1)
    made.add_argument("--params", type=json.loads, default=LONGER, help="JSON: what differs in the first part")
    made.add_argument("--part", choices=("obedience", "effect"), help="one of the two parts alone")
    arguments = made.parse_args()
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with folder(arguments.keep, f"auicgan-{seed}") as root:
            copy(root)
            if arguments.part != "effect":
                obedience(root, arguments.cores, seed, arguments.params)
            if arguments.part != "obedience":
                effect(root, arguments.cores, seed)
    return 0


def configured(root: Path, seed: int, own: dict[str, Any]) -> None:
    """Generated faces of this seed, at difficulty `standard`, and a generator with these params."""
    values = config.load(Path("params.yaml"))
    values["seed"], values["origin"], values["render"]["difficulty"] = seed, "generated", "standard"
    values["generators"]["auicgan"] |= own
    values["papers"]["folds"] = 0
    values["train"] |= {"seeds": 1, "shards": 1, "inner_subjects": 0}
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def make(root: Path, cores: int, targets: list[str]) -> None:
    """Runs the pipeline for these files."""
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", "--", *targets]
    subprocess.run(command, cwd=root, env=environment(root), check=True, stdout=sys.stderr)


def obedience(root: Path, cores: int, seed: int, own: dict[str, Any]) -> None:
    """Of both generators, with the video critic and without."""
    model = regressor.load()
    for name, changed in (("with", {}), ("without", WITHOUT)):
        configured(root, seed, own | changed)
        make(root, cores, ["synthesise_auicgan"])
        shown = made(root)
        asked, found = [one.target_aus for one in shown], [one.read_intensities(model) for one in shown]
        print(
            f"\nseed {seed}, {name} the video critic, {own | changed}: {len(shown)} clips of people held out, generated"
        )
        print("| unit | clips | correlation | of shuffled frames | p | found of each asked |\n|" + " --- |" * 6)
        for one in read_back.measure_fidelity(asked, found, generator(seed, "campaign", "auicgan"), ORDERS):
            numbers = f"{one.correlation:.3f} | {one.shuffled:.3f} | {one.p:.3f} | {one.slope:.3f}"
            print(f"| {one.unit} | {one.clips} | {numbers} |", flush=True)
        print(steadiness("made clips", [one.frames for one in shown]))
    print(steadiness("true clips", true_films(root)))


def steadiness(name: str, films: list[np.ndarray]) -> str:
    """Means over films uint8[K, ...]."""
    rough = np.mean([read_back.roughness(film) for film in films])
    moved = np.mean([np.abs(np.diff(film.astype(float), axis=0)).mean() for film in films])
    return f"{name}: roughness {rough:.3f}, {moved:.3f} grey levels a frame"


def made(root: Path) -> list[read_back.SynthesisedClip]:
    """All groups' clips of held-out people."""
    known = [clip for name in GROUPS.datasets for clip in index.read(root / f"results/index/{name}.csv")]
    groups = sorted((root / "results/synthesise/auicgan/groups").glob("*.h5"))
    return [one for group in groups for one in read_back.read(group, known, stage_files(root))]


def stage_files(root: Path) -> list[str]:
    folders = [root / "results" / stage / name for stage in ("faces", "apex") for name in GROUPS.datasets]
    return [str(path) for folder in folders for path in sorted(folder.glob("*.h5"))]


def true_films(root: Path) -> list[np.ndarray]:
    """The recorded clips, brought to the generator's frames."""
    values = config.check_cached(config.load(root / "params.yaml"))["generators"]["auicgan"]["params"]
    shape, films = (3, values["frames"], values["image_size"], values["image_size"]), []
    for path in (name for name in stage_files(root) if "/faces/" in name):
        files = {"faces": path, "apex": path.replace("/faces/", "/apex/")}
        dataset, subject = Path(path).parts[-2], Path(path).stem
        known = [clip.name for clip in index.read(root / f"results/index/{dataset}.csv") if clip.subject == subject]
        films += [np.moveaxis(film, 1, 0) for film in inputs.load({"video": shape}, files, known)["video"]]
    return films


def effect(root: Path, cores: int, seed: int) -> None:
    """Figures of all folds with and without, and the difference over people."""
    configured(root, seed, {})
    names = [name for method in METHODS for name in (method, f"{method}.auicgan")]
    make(root, cores, [f"results/evaluate/{PROTOCOL.name}/{name}.csv" for name in names])
    print(f"\nseed {seed}: {PROTOCOL.name}, every fold, generated")
    print("| method | UF1 | with AU-ICGAN | with less without | p |\n|" + " --- |" * 5)
    for method in METHODS:
        one, other = (answers(root, name) for name in (f"{method}.auicgan", method))
        people = np.array([name.rpartition("/")[0] for name in one.clips])
        rng = generator(seed, "campaign", "auicgan", method)
        of = metrics.paired(one.truth, one.predicted[0], other.predicted[0], people, metrics.uf1, RESAMPLES, rng, 3)
        figures = [uf1(root, name) for name in (method, f"{method}.auicgan")]
        less = f"{of.value:+.3f} ({of.low:+.3f} to {of.high:+.3f})"
        print(f"| {method} | {' | '.join(figures)} | {less} | {of.p:.3f} |", flush=True)


def answers(root: Path, name: str) -> pairs.MethodPredictions:
    return pairs.read_predictions(root / f"results/evaluate/{PROTOCOL.name}/{name}_predictions.csv", PROTOCOL.classes)


def uf1(root: Path, name: str) -> str:
    rows = evaluation.read(root / f"results/evaluate/{PROTOCOL.name}/{name}.csv")
    key = ("last", "pooled", evaluation.FULL, "uf1")
    (row,) = (row for row in rows if (row["selection"], row["pooling"], row["scope"], row["metric"]) == key)
    return f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
