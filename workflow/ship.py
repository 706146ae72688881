"""Copies fitted weights into the package, where these differ: all, or those named. See `make shipped`."""

import sys
from pathlib import Path

from dag import INITIAL
from stage import planned_run

from microexpr.core.store import atomic

FILES = Path("results/shipped")  # of one name here and in the package


def destination(path: Path) -> Path:
    """Return the place in the package of a fitted file, such as initial/mtmnet.teacher.safetensors."""
    if path.parent == FILES:
        return INITIAL.parent / path.name
    role, _, classes = path.stem.rpartition("_")
    kinds = ".teacher" * role.startswith("teacher") + ".units" * (classes == "units")
    return INITIAL / f"{path.parent.name}{kinds}.safetensors"


def main(*names: str) -> int:
    fitted = map(Path, planned_run().shipped_files)
    paths = {destination(path): path for path in fitted if not names or path.stem in names}
    unknown = set() if names else {*INITIAL.glob("*.safetensors")} - paths.keys()
    for target in sorted(unknown):
        target.unlink()  # of params that no method of this run has
        print(f"removed {target}")
    for target, path in paths.items():
        content = path.read_bytes()
        if not target.exists() or target.read_bytes() != content:
            with atomic(target) as part:
                part.write_bytes(content)
            print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
