"""All folds of one shard of a method's training."""

from adapter import logged, progress_bar

with logged(snakemake.log[0]) as terminal:
    from microexpr import index, method, protocols, train

    protocol = protocols.PROTOCOLS[snakemake.wildcards.protocol]
    clips = protocol.select([clip for path in snakemake.input.index for clip in index.read(path)])
    number, count = map(int, snakemake.wildcards.shard.split("of"))
    kind = method.find(snakemake.wildcards.method)
    job = train.Job(
        name=snakemake.wildcards.method,
        method=kind(kind.Params(**snakemake.params.method)),
        protocol=protocol.name,
        clips=clips,
        folds=protocols.shards(protocol.folds(clips), count)[number - 1],
        params=train.Params(**snakemake.params.train),
        synth=train.SynthParams(**snakemake.params.get("synth", {})),
        seed=snakemake.params.seed,
    )
    train.run(job, snakemake.input.files, dict(snakemake.output.items()), progress_bar(terminal, job.name))
