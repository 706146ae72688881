"""DVC's command line, which never takes a result away that its cache does not hold.

`dvc exp run` and `dvc exp apply` check out every output by force before they do anything, so a result that was never
recorded would be deleted. Here they end with one line instead; all other commands go to DVC as they are. The
environment's bin/dvc (envs/dvc) starts this file.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ELSEWHERE = {"--temp", "--queue", "--run-all", "--dry", "--help", "-h"}  # leave this checkout alone


def checkout_root() -> Path | None:
    """Return the folder of this checkout, from anywhere inside it."""
    current = Path.cwd()
    return next((folder for folder in (current, *current.parents) if (folder / ".dvc").is_dir()), None)


def refusal() -> str:
    """Return why an experiment cannot begin, where it would delete results that no cache holds; "" if it can."""
    status = subprocess.run([sys.executable, "-m", "dvc", "data", "status", "--json"], capture_output=True, text=True)
    if status.returncode:
        return (status.stderr.strip() or status.stdout.strip()).rpartition("\n")[2]
    uncommitted = json.loads(status.stdout).get("uncommitted", {})
    if paths := sorted(path for kind in ("added", "modified") for path in uncommitted.get(kind, ())):
        return (
            f"{len(paths)} results are not in DVC's cache, {paths[0]} for one, and this command would delete them; "
            "`python workflow/stage.py record` after a finished run takes them in"
        )
    return ""


def main() -> int:
    arguments, root = sys.argv[1:], checkout_root()
    touching = arguments[:2] in (["exp", "run"], ["exp", "apply"], ["experiments", "run"], ["experiments", "apply"])
    if root is not None and touching and not ELSEWHERE & set(arguments):
        os.chdir(root)
        if reason := refusal():
            print(f"error: {reason}", file=sys.stderr)
            return 1
    os.execv(sys.executable, [sys.executable, "-m", "dvc", *arguments])


if __name__ == "__main__":
    sys.exit(main())
