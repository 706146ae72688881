"""Figures of methods under one protocol, their confusion matrices, their predictions, and the official log."""

from adapter import Snakemake, each, logged

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]):
    from microexpr import evaluation, protocols
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation import curves

    protocol, values = protocols.PROTOCOLS[snakemake.wildcards.protocol], snakemake.params
    clips = index.read_all(snakemake.input.index)
    folds = protocol.folds(clips, values.seed, seeds=values.seeds, **values.folds)
    for (name, planted_leak), outputs in zip(values.methods.items(), each(snakemake.output), strict=True):
        shards = [path for path in snakemake.input.shards if f"/{name}/" in path]
        predictions = evaluation.pool_predictions(shards, name, protocol, clips, folds, planted_leak)
        rows = evaluation.evaluate(predictions, evaluation.Params(**values.evaluate), values.seed)
        evaluation.write(outputs["figures"], rows)
        store.write_csv(outputs["confusion"], evaluation.CONFUSION_COLUMNS, evaluation.confusion_rows(predictions))
        store.write_csv(outputs["predictions"], evaluation.PREDICTION_COLUMNS, evaluation.prediction_rows(predictions))
        store.write_csv(outputs["curve"], curves.COLUMNS, curves.rows(curves.read(shards)))
        if not protocol.several:
            store.write_text(outputs["log"], evaluation.official_log(predictions))
