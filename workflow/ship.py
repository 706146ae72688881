"""Copies fitted weights into the package, where these differ: all, or those named. See `make shipped`."""

import sys
from pathlib import Path

from stage import planned_run

from microexpr.core.files import visible
from microexpr.core.store import atomic
from microexpr.tasks.first_weights import INITIAL


def main(*names: str) -> int:
    fitted = planned_run().first.package_files.items()
    paths = {Path(target): Path(path) for path, target in fitted if not names or Path(path).stem in names}
    unknown = set() if names else {*visible(INITIAL, "*.safetensors")} - paths.keys()
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
