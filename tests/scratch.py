"""The project's files, copied to where tests and campaigns may change them. Runs nothing there."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def copy(to: Path) -> None:
    """The files as they are now, tracked or not, but nothing that git ignores; links stay links."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, text=True, capture_output=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, made = ROOT / name, to / name
        if source.name == "dvc.lock" or not (source.is_symlink() or source.is_file()):
            continue  # of this checkout's own results; or deleted, but git has not been told
        made.parent.mkdir(parents=True, exist_ok=True)
        made.unlink(missing_ok=True)  # a link cannot be written over
        shutil.copy2(source, made, follow_symlinks=False)
    for source in (ROOT / "src").rglob("__pycache__/*.nb[ic]"):  # numba's compiled kernels: seconds for each process
        made = to / source.relative_to(ROOT)
        made.parent.mkdir(exist_ok=True)
        shutil.copy2(source, made)
