"""The main table with a row for each method and training set."""

from adapter import logged

with logged() as snakemake:
    from microexpr import evaluation
    from microexpr.core import store
    from microexpr.reporting import main_table

    evaluations = {
        name: {training: evaluation.read(path) for training, path in paths.items()}
        for name, paths in snakemake.params.evaluations.items()
    }
    store.write_csv(snakemake.output[0], main_table.COLUMNS, main_table.training_sets(evaluations))
