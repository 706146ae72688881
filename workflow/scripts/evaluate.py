"""Pooled figures of one method, and the challenge's official log."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import evaluation, index, protocols, store

    protocol = protocols.PROTOCOLS[snakemake.wildcards.protocol]
    clips = [clip for path in snakemake.input.index for clip in index.read(path)]
    params = evaluation.Params(**snakemake.params.evaluate)
    shards, name = list(snakemake.input.shards), snakemake.wildcards.method
    evaluation.write(
        snakemake.output.figures, evaluation.evaluate(shards, name, protocol, clips, params, snakemake.params.seed)
    )
    store.write_text(snakemake.output.log, evaluation.official_log(shards, protocol, clips))
