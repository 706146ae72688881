"""All folds of one shard of a method's training."""

from adapter import logged, progress_bar

with logged(snakemake.log[0]) as terminal:
    from microexpr import index, method, protocols, train
    from microexpr.training.checkpoint import Place

    protocol = protocols.PROTOCOLS[snakemake.wildcards.protocol]
    params = train.Params(**snakemake.config["train"] | snakemake.params.train)  # with what reruns nothing
    clips = protocol.select([clip for path in snakemake.input.index for clip in index.read(path)])
    folds = protocol.folds(clips, snakemake.params.seed, params.inner_subjects, params.seeds)
    number, count = map(int, snakemake.wildcards.shard.split("of"))
    kind = method.find(name := snakemake.wildcards.method)
    job = train.Job(
        name=name,
        method=kind(kind.Params(**snakemake.params.method), len(protocol.classes)),
        protocol=protocol,
        clips=clips,
        folds=protocols.shards(protocols.spread(folds, snakemake.params.folds), count)[number - 1],
        params=params,
        synth=train.SynthParams(**snakemake.params.get("synth", {})),
        seed=snakemake.params.seed,
        macro=protocol.auxiliary([clip for path in snakemake.input.get("macro", []) for clip in index.read(path)]),
    )
    place = Place("work/checkpoints/{method}/{protocol}/{shard}".format(**snakemake.wildcards), snakemake.input.code)
    train.run(job, snakemake.input.files, dict(snakemake.output.items()), progress_bar(terminal, job.name), place)
