"""DVC's command line, which never takes a result away that its cache does not hold.

`dvc exp run` and `dvc exp apply` check out every output by force before they do anything, so a result that was never
recorded would be deleted. Here they end with one line instead; all other commands go to DVC as they are. An experiment
that is interrupted gives params.yaml and dvc.lock back. The environment's bin/dvc (envs/dvc) starts this file.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

SAVED = Path("work/experiment")  # the files that an experiment changes, while it runs
FILES = ("params.yaml", "dvc.lock")
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


def git(*arguments: str) -> str:
    """Return the output of a git command; "" if it fails."""
    return subprocess.run(["git", *arguments], text=True, capture_output=True).stdout.strip()


def save() -> None:
    """Keeps the files that an experiment changes, and the branch that it leaves."""
    SAVED.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if Path(name).exists():
            shutil.copy2(name, SAVED / name)
    about = {"process": os.getpid(), "branch": git("symbolic-ref", "-q", "HEAD")}
    (SAVED / "about.json").write_text(json.dumps(about), encoding="utf-8")


def restore() -> None:
    """Restores the files that `save` kept: no result is touched."""
    branch = json.loads((SAVED / "about.json").read_text(encoding="utf-8"))["branch"]
    if branch and not git("symbolic-ref", "-q", "HEAD"):
        git("symbolic-ref", "HEAD", branch)
        git("reset", "--quiet")
    for name in FILES:
        if (SAVED / name).exists():
            shutil.copy2(SAVED / name, name)
    shutil.rmtree(SAVED)


def left_over() -> str:
    """Return a line on how to go back after an experiment and this program were killed; "" if none was."""
    try:
        process = json.loads((SAVED / "about.json").read_text(encoding="utf-8"))["process"]
        os.kill(process, 0)
        return ""  # it is running
    except ProcessLookupError:
        return (
            "note: an experiment of DVC was killed: params.yaml has its values, and git may be on no branch; "
            "`python workflow/stage.py restore` puts both back"
        )
    except (OSError, ValueError, KeyError):
        return ""


def experiment(arguments: list[str]) -> int:
    """Return DVC's exit code; after an interruption or failure params.yaml is as it was."""
    save()
    groups: list[int] = []
    # before DVC starts, which would inherit from a shell's background that Ctrl-C is ignored

    def interrupt(*_: object) -> None:
        for group in groups:
            os.killpg(group, signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # DVC alone would leave its stage running
        signal.signal(number, interrupt)
    running = subprocess.Popen([sys.executable, "-m", "dvc", *arguments], start_new_session=True)
    groups.append(running.pid)
    code = running.wait()
    if code == 0:
        shutil.rmtree(SAVED)
        return 0
    restore()
    print(
        "note: params.yaml and dvc.lock are as before this experiment; results of the stages that it ran are its own, "
        "and `dvc repro` makes them those of params.yaml again",
        file=sys.stderr,
    )
    return code


def main() -> int:
    arguments, root = sys.argv[1:], checkout_root()
    if root is not None and "DVC_EXP_NAME" not in os.environ and (note := left_over()):
        print(note, file=sys.stderr)
    touching = arguments[:2] in (["exp", "run"], ["exp", "apply"], ["experiments", "run"], ["experiments", "apply"])
    if root is not None and touching and not ELSEWHERE & set(arguments):
        os.chdir(root)
        if reason := refusal():
            print(f"error: {reason}", file=sys.stderr)
            return 1
        return experiment(arguments)
    os.execv(sys.executable, [sys.executable, "-m", "dvc", *arguments])


if __name__ == "__main__":
    sys.exit(main())
