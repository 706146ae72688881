"""A table, and which of its methods differ; of the main one also its figures for `dvc metrics`."""

import json
from pathlib import Path

from adapter import Snakemake, logged

snakemake: Snakemake  # defined by Snakemake

FIGURES = ("full_uf1", "full_uf1_low", "full_uf1_high", "full_uar")

with logged(snakemake.log[0]):
    from microexpr import evaluation
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation import pairs
    from microexpr.protocols import PROTOCOLS
    from microexpr.reporting import main_table, units_table

    values, files, outputs = snakemake.params, snakemake.input, dict(snakemake.output.items())
    protocol = PROTOCOLS[values.protocol]
    evaluations, compared = [evaluation.read(path) for path in files.figures], []
    if "paired" in outputs:
        names = (Path(path).stem for path in files.figures)
        methods = dict(zip(names, files.predictions, strict=True))
        compared = pairs.compare_methods(methods, protocol, values.resamples, values.seed)
        pairs.write(outputs["paired"], compared)
    if protocol.several:
        clips = index.read_all(files.index)
        rows = units_table.rows(evaluations, compared, len(clips) - len(protocol.select(clips)), protocol.name)
        store.write_csv(outputs["csv"], units_table.COLUMNS, rows)
    else:
        reasons = values.get("reasons", {})
        rows = [row | {"reason": reasons.get(row["method"], "")} for row in main_table.megc2019(evaluations)]
        store.write_csv(outputs["csv"], main_table.COLUMNS, rows)
    for row in rows if "metrics" in outputs else ():
        figures = {key.removeprefix("full_"): float(row[key]) for key in FIGURES}
        store.write_text(Path(outputs["metrics"], f"{row['method']}.json"), json.dumps(figures, indent=1) + "\n")
