"""A table of action units, and which methods differ."""

from adapter import Snakemake, logged

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]):
    from pathlib import Path

    from microexpr import evaluation
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation import pairs
    from microexpr.protocols import PROTOCOLS
    from microexpr.reporting import units_table

    values, files = snakemake.params, snakemake.input
    protocol = PROTOCOLS[values.protocol]
    clips = index.read_all(files.index)
    methods = {Path(path).stem: predictions for path, predictions in zip(files.figures, files.predictions, strict=True)}
    compared = pairs.compare_methods(methods, protocol, values.resamples, values.seed)
    evaluations = [evaluation.read(path) for path in files.figures]
    left_out = len(clips) - len(protocol.select(clips))
    rows = units_table.rows(evaluations, compared, left_out, protocol.name)
    store.write_csv(snakemake.output.csv, units_table.COLUMNS, rows)
    if paired := snakemake.output.get("paired"):
        pairs.write(paired, compared)
