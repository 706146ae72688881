"""Writes the sizes of all methods under the committed params.yaml, and under the preset `paper`, into methods.json."""

from typing import Any

from preset import load, merge

from microexpr.cli import config
from microexpr.reporting import method_list, method_sizes


def rows(values: dict[str, Any], paper: dict[str, Any]) -> list[method_list.Row]:
    """Return the rows of the list for values of params.yaml; `paper` are the values of another scale."""
    others = {
        row["method"]: row["parameters"] for row in method_sizes.rows(config.check(paper, "paper")["methods"], {})
    }
    sizes = {name: count for name, count in others.items() if count is not None}
    return method_sizes.rows(config.check(values, "params.yaml")["methods"], sizes)


def presets() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values of params.yaml, and with the preset `paper` merged into them."""
    paper = config.load("params.yaml")
    merge(paper, load("paper"))
    return config.load("params.yaml"), paper


if __name__ == "__main__":
    values, paper = presets()
    method_list.write(method_list.COMMITTED, values, rows(values, paper))
