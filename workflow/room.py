"""Make room for outputs: move away what a run did not make, and let Snakemake replace what DVC protects."""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from microexpr.core import records

SET_ASIDE = Path("work/set_aside")
OTHER_PARAMS = "is of no subject or method of params.yaml"


def set_aside(names: Sequence[str], why: str, say: Callable[[str], None]) -> None:
    """Moves outputs to a separate folder below SET_ASIDE, and reports it: nothing that was computed is deleted."""
    present = [name for name in names if os.path.lexists(name) and not _emptied(Path(name))]
    if not present:
        return
    target = SET_ASIDE / time.strftime("%Y%m%d-%H%M%S")
    number = 0
    while target.exists():
        number += 1
        target = target.with_name(f"{target.name.partition('_')[0]}_{number}")
    for name in present:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(name, target / name)
        records.forget(name)
    more = f" and {len(present) - 1} more" * (len(present) > 1)
    say(f"note: {present[0]}{more} {why}: moved to {target}, which may be deleted")


def _emptied(path: Path) -> bool:
    """Whether there is nothing but a folder without files, or a file that a killed job left half-written: removed."""
    if path.is_dir() and not path.is_symlink():
        if any(names for _, _, names in os.walk(path)):
            return False
        shutil.rmtree(path)
        return True
    if path.name.startswith(".") and path.suffix == ".part":
        path.unlink()
        return True
    return False


def make_writable(names: Iterable[str]) -> None:
    """Lets Snakemake replace outputs: as links into its cache DVC protects them, and a protected output it refuses."""
    for name in names:
        try:
            status = os.lstat(name)
        except OSError:
            continue
        is_protected = stat.S_ISREG(status.st_mode) and not status.st_mode & 0o200
        if is_protected and status.st_nlink > 1 and status.st_uid == os.geteuid():
            Path(name).chmod(status.st_mode | 0o200)
