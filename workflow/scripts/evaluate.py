"""Figures of one method under one protocol, its confusion matrices, its predictions, and the official log."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import evaluation, index, protocols, store
    from microexpr.evaluation import curves

    protocol, given = protocols.PROTOCOLS[snakemake.wildcards.protocol], snakemake.params
    clips = index.read_all(snakemake.input.index)
    folds = protocol.folds(clips, given.seed, seeds=given.seeds, limit=given.folds)
    shards, name = list(snakemake.input.shards), snakemake.wildcards.method
    found = evaluation.pooled(shards, name, protocol, clips, folds, given.planted_leak)
    rows = evaluation.evaluate(found, evaluation.Params(**given.evaluate), given.seed)
    evaluation.write(snakemake.output.figures, rows)
    store.write_csv(snakemake.output.confusion, evaluation.CONFUSION, evaluation.confusions(found))
    store.write_csv(snakemake.output.predictions, evaluation.PREDICTIONS, evaluation.predicted(found))
    store.write_csv(snakemake.output.curve, curves.COLUMNS, curves.rows(curves.read(shards)))
    store.write_text(snakemake.output.log, evaluation.official_log(found))
