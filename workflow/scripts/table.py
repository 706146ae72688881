"""A table, and which of its methods differ; of the main one also its figures for `dvc metrics`."""

import json
from pathlib import Path

from adapter import logged

with logged() as snakemake:
    from microexpr import evaluation
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation import pairs
    from microexpr.reporting import main_table
    from microexpr.tasks import PROTOCOLS, TASK_OF

    values, files, outputs = snakemake.params, snakemake.input, dict(snakemake.output.items())
    protocol = PROTOCOLS[values.protocol]
    evaluations, compared = [evaluation.read(path) for path in files.figures], []
    if "paired" in outputs:
        methods = {Path(path).stem.removesuffix("_predictions"): path for path in files.predictions}
        compared = pairs.compare_methods(methods, protocol, values.resamples, values.seed)
        evaluation.write(outputs["paired"], compared, pairs.COLUMNS)
    if own_rows := TASK_OF[protocol.name].part("table", "table_rows"):
        clips = index.read_all(files.index)
        rows = own_rows(evaluations, compared, len(clips) - len(protocol.select(clips)), protocol.name)
    else:
        rows = main_table.megc2019(evaluations, values.get("reasons", {}))
    columns = TASK_OF[protocol.name].part("table", "COLUMNS") or main_table.COLUMNS
    store.write_csv(outputs["csv"], columns, rows)
    for row in rows if "metrics" in outputs else ():
        figures = {name: float(row[f"full_{name}"]) for name in ("uf1", "uf1_low", "uf1_high", "uar")}
        store.write_text(Path(outputs["metrics"], f"{row['method']}.json"), json.dumps(figures, indent=1) + "\n")
