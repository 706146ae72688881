"""Do the five systems run at the papers' own size? One fold of each for two epochs: seconds, memory, weights.

    python studies/paper_size.py --write-docs              # docs/papers.md
    python studies/paper_size.py --only icegan augacn      # others: mtmnet, auicgan, famgan, localregions

The preset `paper` is merged into params.yaml, but for the clips, which are those at hand: recorded ones where data/raw
has them, else a few rendered subjects. Every number of epochs is two, and each step trains both sides of a generator of
clips. What has no room on a CPU (`ON_CPU`) is smaller there, and the table says so.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import checkout
import pages
import torch
from checkout import scratch

from microexpr.core import store
from microexpr.models import generators, recognisers

sys.path.insert(0, str(scratch.ROOT / "benchmarks"))
import times

PAGE, MARK = "docs/papers.md", "study-paper-size"
TRAINED = {  # by system, the protocol of its fold
    "icegan": "loso_casme2_3",
    "mtmnet": "loso_casme2_3",
    "augacn": "loso_casme2_7",
    "localregions": "loso_casme2_3",
}
GENERATORS = ("auicgan", "famgan")
ON_CPU = {"auicgan": {"frames": 4, "batch": 2}, "famgan": {"batch": 4}}
PUBLISHED = {"icegan": "94.9 M, discriminator"}  # its Table 3, with 32 numbers in each capsule
EPOCHS, CLIPS = 2, {"subjects": 2, "clips": 3}  # of each data set


def main() -> int:
    parser = pages.parser(__doc__, PAGE, cores=1, keep=None)
    parser.add_argument("--only", nargs="+", choices=[*TRAINED, *GENERATORS], default=[*TRAINED, *GENERATORS])
    arguments = parser.parse_args()
    with checkout.folder(arguments.keep, "paper_size") as root:
        scratch.copy(root)
        if (raw := scratch.ROOT / "data/raw").is_dir() and not (root / "data/raw").exists():
            (root / "data").mkdir(exist_ok=True)
            (root / "data/raw").symlink_to(raw)
        values = params()
        table = pages.Table("system", "weights", "published", "core-seconds", "MB", "smaller than the paper's")
        for name in arguments.only:
            table.add(f"`{name}`", *cells(name, root, values, arguments.cores))
    about = "Clips of {subjects} rendered subjects of each data set with {clips} clips each. ".format(**CLIPS)
    table.publish(PAGE, MARK, about, arguments.write_docs)
    return 0


def params() -> dict[str, Any]:
    """Return the values of params.yaml at the papers' size, but for the clips and the epochs."""
    values = checkout.params("paper")
    values["render"] = checkout.params()["render"] | dict.fromkeys(values["datasets"], CLIPS)
    values["methods"] = {name: short(recognisers.find(name)) for name in TRAINED}
    values["generators"] = {name: short(generators.find(name)) | {"critic_steps": 1} for name in GENERATORS}
    if not torch.cuda.is_available():
        for name, smaller in ON_CPU.items():
            values["generators"][name] |= smaller
    values["variants"], values["papers"]["variants"], values["appendix"] = {}, {}, {}
    values["papers"]["folds"], values["train"]["shards"] = 1, 1
    values["synthesise"] |= {"groups": 2, "per_class": 1, "counts": {}}
    return values


def short(kind: Any) -> dict[str, int]:
    """Return the numbers of epochs of a method or generator, at most `EPOCHS` each."""
    defaults = kind.Params().model_dump()
    return {name: min(EPOCHS, value) for name, value in defaults.items() if name.endswith("epochs")}


def cells(name: str, root: Path, values: dict[str, Any], cores: int) -> list[str]:
    """Run one system and return its cells of the table; what ended it, where it could not."""
    target = f"results/synthesise/{name}/groups/1of2.h5"
    if name in TRAINED:
        target = f"results/train/{name}/{TRAINED[name]}/1of1.h5"
    try:
        checkout.compute(root, values, cores, target)
    except subprocess.CalledProcessError:
        return ["failed: see above", *[""] * 4]
    jobs = times.read(root / "work/times" / Path(*Path(target).parts[1:3]))
    seconds, memory = sum(job.cpu_seconds for job in jobs), max(job.max_rss for job in jobs)
    smaller = {} if torch.cuda.is_available() else ON_CPU.get(name, {})
    changed = ", ".join(f"{param} {value}" for param, value in smaller.items())
    count = f"{weights(name, root / target, values) / 1e6:.1f} M"
    return [count, PUBLISHED.get(name, "-"), f"{seconds:.0f}", f"{memory:.0f}", changed]


def weights(name: str, path: Path, values: dict[str, Any]) -> int:
    """Return how many numbers a system trains."""
    if name in TRAINED:
        with store.open_file(path, "train") as file:
            return int(file.attrs["parameters"])
    kind = generators.find(name)
    networks = kind(kind.Params(**values["generators"][name])).build({})
    return sum(tensor.numel() for network in networks.values() for tensor in network.parameters())


if __name__ == "__main__":
    os.chdir(scratch.ROOT)
    sys.exit(main())
