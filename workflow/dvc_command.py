"""DVC's command line, which never takes a result away that its cache does not hold.

`dvc exp run` and `dvc exp apply` check out every output by force before they do anything, so a result that was never
recorded would be deleted. Here they end with one line instead; all other commands go to DVC as they are. The
environment's bin/dvc (envs/dvc) starts this file.
"""

import os
import sys
from pathlib import Path

ELSEWHERE = {"--temp", "--queue", "--run-all", "--dry", "--help", "-h"}  # leave this checkout alone


def checkout_root() -> Path | None:
    """Return the folder of this checkout, from anywhere inside it."""
    current = Path.cwd()
    return next((folder for folder in (current, *current.parents) if (folder / ".dvc").is_dir()), None)


def unsaved() -> list[str]:
    """Return the outputs that a forced checkout would delete or replace, though the cache does not hold them."""
    from dvc.repo import Repo
    from dvc.repo.index import build_data_index, index_from_targets
    from dvc_data.index.checkout import compare

    with Repo() as repo, repo.lock:
        view = index_from_targets(repo, targets=[None])
        present, locked = build_data_index(view, repo.root_dir, repo.fs, compute_hash=True), view.data["repo"]
        paths = []
        for entry in compare(present, locked, delete=True).files_delete:
            try:
                storage, path = locked.storage_map.get_cache(entry)
                held = storage.exists(path)
            except ValueError:
                held = False
            if not held:
                paths.append("/".join(entry.key))
    return sorted(paths)


def refusal() -> str:
    """Return why an experiment cannot begin; "" if it can."""
    if any(Path(".snakemake/locks").glob("*")):
        return "Snakemake is at work in this checkout (or was killed: `snakemake --unlock`); run this when it has ended"
    if paths := unsaved():
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
