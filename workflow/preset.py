"""`make preset PRESET=name`: merges workflow/presets/<name>.yaml into params.yaml; comments and other values stay.

`git checkout -- params.yaml` brings the committed values back, also before another preset."""

import argparse
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from microexpr.cli import config
from microexpr.core.errors import MicroexprError, nearest
from microexpr.core.files import visible
from microexpr.core.store import write_text

PRESETS = Path(__file__).parent / "presets"
REPLACED = (
    "variants",
    "synthesise.counts",
    "flow_folders.methods",
    "units.methods",
    "spot.methods",
    "training_sets.corpus",
    "training_sets.both",
    "training_sets.ablation",
    "appendix",
)  # mappings that a preset replaces as a whole


def load(name: str) -> Any:
    """Return a preset's values, comments kept."""
    return YAML().load(PRESETS / f"{name}.yaml")


def merge(values: dict[str, Any], changes: dict[str, Any]) -> None:
    """Put each value of a preset into `values`, section by section. Raise KeyError for an unknown key.

    `only_methods` of a preset removes all other methods and every variant."""
    changes = dict(changes)
    if remaining := changes.pop("only_methods", None):
        values["methods"] = {name: params for name, params in values["methods"].items() if name in remaining}
        values["variants"], values["papers"]["variants"] = {}, {}
    put(values, changes)


def put(values: dict[str, Any], changes: dict[str, Any], prefix: str = "") -> None:
    """Put each value below the key `prefix`. All params of a method, variant or generator are replaced, also of a new
    one."""
    for key, value in changes.items():
        if prefix == "papers.variants.":
            put(values.setdefault(key, {}), value or {}, f"{prefix}{key}.")
        elif prefix in ("methods.", "generators.") or prefix.startswith("papers.variants."):
            values[key] = value or {}
        elif key not in values:
            raise KeyError(f"{prefix}{key} is no key of params.yaml{nearest(key, values)}")
        elif isinstance(value, dict) and isinstance(values[key], dict) and f"{prefix}{key}" not in REPLACED:
            put(values[key], value, f"{prefix}{key}.")
        else:
            values[key] = value


def reason_to_refuse(path: Path) -> str:
    """Return why git cannot bring the file back as it is; "" if it can."""
    command = ["git", "status", "--porcelain", "--ignored", "--", str(path)]
    status = subprocess.run(command, capture_output=True)
    if status.returncode:
        return f"{path} is in no git repository, which would hold its values; keep a copy, and add --force"
    return f"{path} has edits that git does not hold; commit them, or add --force" if status.stdout else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("preset", choices=[path.stem for path in visible(PRESETS, "*.yaml")])
    parser.add_argument("--force", action="store_true", help="even where params.yaml has edits that git does not hold")
    arguments = parser.parse_args()
    path = Path("params.yaml")
    if not arguments.force and (reason := reason_to_refuse(path)):
        sys.exit(f"error: {reason}")
    try:
        config.check_cached(config.load(path))
    except MicroexprError as error:
        sys.exit(f"error: {error}")
    yaml = YAML()
    yaml.width = 120
    values = yaml.load(path)
    merge(values, load(arguments.preset))
    text = StringIO()
    yaml.dump(values, text)
    write_text(path, text.getvalue())
    print(f"params.yaml now has the preset {arguments.preset}; `git diff params.yaml` shows it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
