"""`make shipped`, after its rules: copies the weights that they fitted into the package, where these differ."""

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
    role = path.stem.rpartition("_")[0]
    return INITIAL / f"{path.parent.name}{'.teacher' * role.startswith('teacher')}.safetensors"


def main() -> int:
    paths = {destination(path): path for path in map(Path, planned_run().shipped_files)}
    for target in sorted({*INITIAL.glob("*.safetensors")} - paths.keys()):
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
    sys.exit(main())
