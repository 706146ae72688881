"""Leave-one-video-out at its published size: CASME II's 255 folds in one job, beside 4 of them, in time and memory.

The clips are noise of the films' size, in stage files: what is looked at is that the job holds one copy of the data,
whatever the number of folds, so one epoch is trained. AU-GACN at the size of params.yaml, with made clips besides.
"""

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/fixtures"))  # pytest finds these by itself
from composites import clip
from films import film_files

from microexpr import protocols
from microexpr.cli import config
from microexpr.core import arithmetic
from microexpr.models import generators
from microexpr.models.recognisers.augacn import AuGacn
from microexpr.training import synthesise, train

PROTOCOL, GROUPS = protocols.PROTOCOLS["lovo_casme2_7"], protocols.GROUPS
PEOPLE, CLIPS, FEW = 26, 255, 4


def main() -> int:
    if len(sys.argv) == 3:
        trained(Path(sys.argv[1]), int(sys.argv[2]))
        return 0
    with tempfile.TemporaryDirectory(prefix="microexpr-lovo-") as folder:
        root = Path(folder)
        film_files(root, everyone())
        made(root)
        print("| folds | seconds | peak memory, MB |\n| --- | --- | --- |", flush=True)
        for folds in (FEW, 0):
            subprocess.run([sys.executable, __file__, folder, str(folds)], check=True)
    return 0


def everyone() -> list:
    """As many clips as the published data set has, of as many people."""
    emotions = PROTOCOL.classes
    return [
        replace(clip("casme2", f"sub{n % PEOPLE + 1:02}", f"c{n:03}", None), emotion=emotions[n % len(emotions)])
        for n in range(CLIPS)
    ]


def files(root: Path) -> list[str]:
    return [str(path) for path in sorted((root / "results").glob("[!s]*/*/*.h5"))]


def made(root: Path) -> None:
    """What generators without each group of subjects made, after an epoch of little."""
    kind, clips = generators.find("auicgan"), GROUPS.select(everyone())
    small = {"image_size": 16, "frames": 4, "width": 2, "blocks": 1, "epochs": 1, "batch": 64}
    method = kind(kind.Params.model_validate(small), len(GROUPS.classes))
    for fold in GROUPS.groups(clips, 5, 1):
        job = train.Job("auicgan", method, GROUPS, clips, [fold], train.Params(), synthesise.Params(), 1)
        path = root / f"results/synthesise/auicgan/groups/{fold.name}.h5"
        synthesise.run(job, files(root), str(path), lambda done, total: None)


def trained(root: Path, folds: int) -> None:
    """One job, in a process of its own, whose memory is its own."""
    own = config.check_cached(config.load("params.yaml"))["methods"]["augacn.auicgan"]["params"] | {"epochs": 1}
    clips = PROTOCOL.select(everyone())
    job = train.Job(
        "augacn.auicgan", AuGacn(AuGacn.Params(**own), len(PROTOCOL.classes)), PROTOCOL, clips,
        PROTOCOL.folds(clips, limit=folds), train.Params(checkpoint_minutes=0), train.SynthParams(), 1,
    )  # fmt: skip
    groups, begun = [str(path) for path in sorted((root / "results/synthesise").glob("*/*/*.h5"))], time.monotonic()
    train.run(job, files(root), {"train": str(root / "shard.h5")}, lambda done, total: None, None, groups)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {len(job.folds)} | {time.monotonic() - begun:.0f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
