"""Figures of a method under one protocol, its confusion matrix, its predictions, and the official log."""

from adapter import logged

with logged() as snakemake:
    from microexpr import evaluation, tasks
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation import curves

    values, outputs, name = snakemake.params, snakemake.output, snakemake.wildcards.method
    protocol, pooled, shards = (
        tasks.PROTOCOLS[snakemake.wildcards.protocol],
        values.training,
        snakemake.input.shards,
    )
    clips = index.read_all(snakemake.input.index)
    folds = protocol.folds(clips, values.seed, seeds=pooled["seeds"], **pooled["folds"])
    predictions = evaluation.pool_predictions(shards, name, protocol, clips, folds, pooled["planted_leak"])
    evaluation.write(
        outputs.figures, evaluation.evaluate(predictions, evaluation.Params(**values.evaluate), values.seed)
    )
    store.write_csv(outputs.confusion, evaluation.CONFUSION_COLUMNS, evaluation.confusion_rows(predictions))
    store.write_csv(outputs.predictions, evaluation.PREDICTION_COLUMNS, evaluation.prediction_rows(predictions))
    store.write_csv(outputs.curve, curves.COLUMNS, curves.rows(curves.read(shards)))
    if not protocol.several:
        store.write_text(outputs.log, evaluation.official_log(predictions))
