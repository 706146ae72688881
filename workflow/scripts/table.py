"""A table, and the main one's figures for `dvc metrics`."""

import json
from pathlib import Path

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import evaluation, store, tables

    rows = tables.megc2019({Path(path).stem: evaluation.read(path) for path in snakemake.input.figures})
    store.write_text(snakemake.output.csv, tables.to_csv(rows))
    if metrics := snakemake.output.get("metrics"):
        figures = {row["method"]: {key: float(row[key]) for key in tables.CELLS if row[key]} for row in rows}
        store.write_text(metrics, json.dumps(figures, indent=1) + "\n")
