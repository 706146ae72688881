"""Whether corpora of published size are what the data sets' publications say. Pictures are small; learns nothing.

Every generated corpus is made with its published people, clips, emotions and classes, in frames of 320 x 240 and clips
of 17 frames at most; then `microexpr check`, the users' own command, must find nothing. After that a person of each
micro set with three clips in frames of native size goes through landmarking.

Of a data set of long videos one frame is rendered, and lies under the names of all others (`--long`: these sets alone).
"""

import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from checkout import compute, environment, folder, parser
from scratch import copy

from microexpr.cli import config
from microexpr.datasets import LONG, MACRO
from microexpr.rendering.corpus import Scene, write_video
from microexpr.rendering.layouts import LONG_NATIVES
from microexpr.rendering.long_videos import plan_videos

SECONDS = 1.0  # of a long video, unless its expressions need more
NATIVE = {"smic": (640, 480), "casme2": (640, 480), "samm": (2040, 1088)}  # width, height


def main() -> int:
    options = parser(__doc__ or "", first=1, seeds=1)
    options.add_argument("--long", action="store_true", help="data sets of long videos alone")
    arguments = options.parse_args()
    with folder(arguments.keep, "long") as root:
        wrong = sum(check_long(root / "raw", dataset, arguments.first) for dataset in LONG)
    if not arguments.long:
        wrong += check_clips(arguments)
    print("as published" if not wrong else "not as published")
    return wrong


def check_long(root: Path, dataset: str, seed: int) -> int:
    """Write long videos of published number and length of their expressions; return the exit code of their check."""
    native, scene = LONG_NATIVES[dataset], Scene("standard", 320, 240)
    plan = plan_videos(native, "published", SECONDS, scene.difficulty, seed)
    clip = plan[0].video.clip
    start = replace(plan[0].video, clip=replace(clip, last=clip.first, frames=1))
    one = replace(plan[0], video=start, events=(), seconds=1 / clip.fps)
    write_video(one, scene, seed, root / f"first/{dataset}", root / f"first/{dataset}.h5")
    content = (root / f"first/{dataset}" / plan[0].path(clip.first)).read_bytes()
    for planned in plan:
        clip = planned.video.clip
        first = root / dataset / planned.path(clip.first)
        first.parent.mkdir(parents=True)
        first.write_bytes(content + clip.id.encode())  # after its end: no two videos are the same
        for number in range(clip.first + 1, clip.last + 1):
            os.link(first, root / dataset / planned.path(number))
    for file, annotate in native.annotations.items():
        annotate(root / dataset / file, [planned.video for planned in plan])
    return subprocess.run(["microexpr", "check", str(root / dataset)], check=False).returncode


def check_clips(arguments: Namespace) -> int:
    """Return how many data sets of clips are not as published."""
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
    return wrong


def made(root: Path, cores: int, generate: Mapping[str, Any], *targets: str) -> None:
    """Runs the targets in a copy of the project with these values of section `generate`."""
    copy(root)
    values = config.load(root / "params.yaml")
    values["origin"], values["macro"] = "generated", list(MACRO)
    values["render"] |= generate
    compute(root, values, cores, *targets)


if __name__ == "__main__":
    sys.exit(main())
