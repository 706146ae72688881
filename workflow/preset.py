"""`make preset PRESET=name`: merges workflow/presets/<name>.yaml into params.yaml; comments and other values stay."""

import argparse
import subprocess
import sys
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from microexpr.core.errors import nearest
from microexpr.core.store import write_text

PRESETS = Path("workflow/presets")


def merge(values: dict, changes: dict) -> None:
    """Puts each value of a preset into `values`, section by section. Raises KeyError for a key that is not there.

    `only_methods` of a preset names those that stay, and then no variant of any does."""
    if kept := changes.get("only_methods"):
        values["methods"] = {name: own for name, own in values["methods"].items() if name in kept}
        values["variants"], values["papers"]["variants"] = {}, {}
    put(values, {key: value for key, value in changes.items() if key != "only_methods"})


def put(values: dict, changes: dict, where: str = "") -> None:
    """The same without a word on methods that go; a method that is not there is added; variants and
    counts are replaced."""
    for key, value in changes.items():
        if where == "methods.":
            values.setdefault(key, {}).update(value or {})
        elif key not in values:
            raise KeyError(f"{where}{key} is no key of params.yaml{nearest(key, values)}")
        elif isinstance(value, dict) and isinstance(values[key], dict) and key not in ("variants", "counts"):
            put(values[key], value, f"{where}{key}.")
        else:
            values[key] = value


def committed(path: Path) -> bool:
    """Whether git has the file as it is; false for one that git does not track, and outside of a repository."""
    command = ["git", "status", "--porcelain", "--ignored", "--", str(path)]
    status = subprocess.run(command, capture_output=True)
    return status.returncode == 0 and not status.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("preset", choices=sorted(path.stem for path in PRESETS.glob("*.yaml")))
    parser.add_argument("--force", action="store_true", help="even where params.yaml has edits that git does not hold")
    arguments = parser.parse_args()
    path, preset = Path("params.yaml"), PRESETS / f"{arguments.preset}.yaml"
    if not arguments.force and not committed(path):
        sys.exit("error: params.yaml has edits that git does not hold; commit them, or add --force")
    yaml = YAML()
    yaml.width = 120
    values = yaml.load(path)
    changes = yaml.load(preset)
    merge(values, changes)
    text = StringIO()
    yaml.dump(values, text)
    write_text(path, text.getvalue())
    print(f"params.yaml now has {preset}; `git diff params.yaml` shows it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
