"""What dvc.yaml calls: `python workflow/stage.py NOUN [METHOD]` runs that stage's own rules; `--adopt` follows a pull.

Snakemake trusts an output through its record in .snakemake/metadata. What DVC puts there (pull, checkout, exp run
--temp) has no record, or an older one than the file, and Snakemake would call it up to date after a params edit. So:
outputs that were not made here are removed first (DVC has already found the stage stale), then Snakemake runs.
"""

import base64
import json
import subprocess
import sys
from pathlib import Path

RECORDS = Path(".snakemake/metadata")
TABLE = "results/megc2019_table.csv"
SEVERAL = {  # stages whose rules or outputs are not just those of their noun
    "generate": (["all_generate", *(f"{r}_{d}" for r in ("generate", "workbook") for d in ("smic", "casme2", "samm"))],
                 ["data/generated"]),
    "evaluate": (["all_evaluate", "evaluate", "table"], ["results/evaluate", TABLE, "results/metrics.json"]),
}  # fmt: skip


def recorded(path: Path) -> float:
    """When Snakemake finished making this path or a folder above it; 0 if it never did here."""
    for one in (path, *path.parents[:-1]):
        name = base64.urlsafe_b64encode(str(one).encode()).decode()
        try:
            return float(json.loads((RECORDS / name).read_text(encoding="utf-8")).get("endtime") or 0)
        except (OSError, ValueError):
            continue
    return 0


def forget(outputs: list[str]) -> None:
    """Removes every file that Snakemake did not make here."""
    paths = [file for output in outputs for file in (Path(output), *Path(output).rglob("*")) if file.is_file()]
    foreign = [path for path in paths if path.stat().st_mtime > recorded(path) + 1]
    for path in foreign:
        path.unlink()
    if foreign:
        print(f"stage.py: {len(foreign)} of {len(paths)} outputs were not made here; removed", flush=True)


def run(noun: str, method: str | None) -> int:
    if noun == "train":
        target, rules = f"train_{method}", ["train", "train_synth", f"train_{method}"]
        outputs = [f"results/train/{method}", f"results/synth/{method}"]
        Path(outputs[1]).mkdir(parents=True, exist_ok=True)  # DVC wants it of every method; empty if it makes no faces
    else:
        target = f"all_{noun}"
        rules, outputs = SEVERAL.get(noun, ([f"all_{noun}", noun], [f"results/{noun}"]))
    forget(outputs)
    return subprocess.call(["snakemake", "--allowed-rules", *rules, "--", target])


def adopt() -> int:
    """After `dvc pull`: makes what DVC does not keep, then records everything as made here."""
    made = run("generate", None)
    if made or subprocess.call(["dvc", "status", "-q"]):
        sys.exit("error: what was pulled is not what params and code say (`dvc status`); `dvc repro` makes it so")
    return subprocess.call(["snakemake", "--touch", "--forceall", "--quiet", "all", "--", "all"])


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments == ["--adopt"]:
        sys.exit(adopt())
    if not 1 <= len(arguments) <= 2:
        sys.exit(__doc__)
    sys.exit(run(arguments[0], arguments[1] if len(arguments) == 2 else None))
