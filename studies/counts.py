"""Whether corpora of published size are what the data sets' publications say. Pictures are small; learns nothing.

Every generated corpus is made with its published people, clips, emotions and classes, in frames of 320 x 240 and clips
of 17 frames at most; then `microexpr check`, the users' own command, must find nothing. After that a person of each
micro set with three clips in frames of native size goes through landmarking.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from checkout import environment, folder, parser
from scratch import copy

from microexpr.cli import config
from microexpr.datasets import MACRO

NATIVE = {"smic": (640, 480), "casme2": (640, 480), "samm": (2040, 1088)}  # width, height


def main() -> int:
    arguments = parser(__doc__ or "", first=1, seeds=1).parse_args()
    wrong = 0
    with folder(arguments.keep, "published") as root:
        values = config.load("params.yaml")
        sizes = dict.fromkeys((*values["datasets"], *values["units"]["datasets"], *MACRO), "published")
        made(root, arguments.cores, sizes | {"width": 320, "height": 240, "max_frames": 17}, "all_render", "all_index")
        for dataset in sizes:
            command = ["microexpr", "check", f"data/rendered/{dataset}"]
            wrong += subprocess.run(command, cwd=root, env=environment(root), check=False).returncode
    for dataset, (width, height) in NATIVE.items():
        with folder(arguments.keep, f"native-{dataset}") as root:
            size = {"width": width, "height": height, dataset: {"subjects": 1, "clips": 3}}
            subject = {"smic": "s01", "casme2": "sub01", "samm": "006"}[dataset]
            made(root, arguments.cores, size, f"results/faces/{dataset}/{subject}.h5")
            print(f"{dataset}: faces found in frames of {width}x{height}", flush=True)
    print("as published" if not wrong else "not as published")
    return wrong


def made(root: Path, cores: int, generate: Mapping[str, Any], *targets: str) -> None:
    """Runs the targets in a copy of the project with these values of section `generate`."""
    copy(root)
    path = root / "params.yaml"
    values = config.load(path)
    values["origin"], values["macro"] = "generated", list(MACRO)
    values["render"] |= generate
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", "--", *targets]
    subprocess.run(command, cwd=root, env=environment(root), check=True)


if __name__ == "__main__":
    sys.exit(main())
