"""A table; of the main one also its figures for `dvc metrics` and which methods differ, of the appendix the reasons."""

import json
from pathlib import Path

from adapter import Snakemake, logged

snakemake: Snakemake  # defined by Snakemake

FIGURES = ("full_uf1", "full_uf1_low", "full_uf1_high", "full_uar")

with logged(snakemake.log[0]):
    from microexpr import evaluation
    from microexpr.core import store
    from microexpr.evaluation import pairs
    from microexpr.protocols import PROTOCOLS
    from microexpr.reporting import main_table

    rows = main_table.megc2019(evaluation.read(path) for path in snakemake.input.figures)
    reasons = snakemake.params.get("reasons", {})
    rows = [row | {"reason": reasons.get(row["method"], "")} for row in rows]
    store.write_csv(snakemake.output.csv, main_table.COLUMNS, rows)
    if metrics := snakemake.output.get("metrics"):
        for row in rows:
            figures = {key.removeprefix("full_"): float(row[key]) for key in FIGURES}
            store.write_text(Path(metrics, f"{row['method']}.json"), json.dumps(figures, indent=1) + "\n")
    if paired := snakemake.output.get("paired"):
        values, predictions = snakemake.params, snakemake.input.predictions
        by_method = dict(zip((row["method"] for row in rows), predictions, strict=True))
        pairs.write(paired, pairs.compare_methods(by_method, PROTOCOLS[values.protocol], values.resamples, values.seed))
