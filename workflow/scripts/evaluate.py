"""Figures of methods under one protocol, their confusion matrices, their predictions, and the official log."""

from adapter import each, logged

with logged(snakemake.log[0]):
    from microexpr import evaluation, protocols
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation import curves

    protocol, given = protocols.PROTOCOLS[snakemake.wildcards.protocol], snakemake.params
    clips = index.read_all(snakemake.input.index)
    folds = protocol.folds(clips, given.seed, seeds=given.seeds, limit=given.folds)
    for (name, planted_leak), made in zip(given.methods.items(), each(snakemake.output), strict=True):
        shards = [path for path in snakemake.input.shards if f"/{name}/" in path]
        found = evaluation.pool_predictions(shards, name, protocol, clips, folds, planted_leak)
        rows = evaluation.evaluate(found, evaluation.Params(**given.evaluate), given.seed)
        evaluation.write(made["figures"], rows)
        store.write_csv(made["confusion"], evaluation.CONFUSION, evaluation.confusion_rows(found))
        store.write_csv(made["predictions"], evaluation.PREDICTIONS, evaluation.prediction_rows(found))
        store.write_csv(made["curve"], curves.COLUMNS, curves.rows(curves.read(shards)))
        store.write_text(made["log"], evaluation.official_log(found))
