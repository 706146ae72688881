"""All folds of one shard of a method's training."""

from adapter import logged, progress_bar

with logged(snakemake.log[0]) as terminal:
    from microexpr import index, models, protocols, train
    from microexpr.training.checkpoint import Place

    protocol = protocols.PROTOCOLS[snakemake.wildcards.protocol]
    params = train.Params(**snakemake.config["train"] | snakemake.params.train)  # with what reruns nothing
    clips = protocol.select(index.read_all(snakemake.input.index))
    folds = protocol.folds(clips, snakemake.params.seed, params.inner_subjects, params.seeds, snakemake.params.folds)
    kind = models.find(name := snakemake.wildcards.method)
    job = train.Job(
        name=name,
        method=kind(kind.Params(**snakemake.params.method), len(protocol.classes)),
        protocol=protocol,
        clips=clips,
        folds=protocols.shard(folds, snakemake.wildcards.shard),
        params=params,
        synth=train.SynthParams(**snakemake.params.get("synth", {})),
        seed=snakemake.params.seed,
        macro=protocol.auxiliary(index.read_all(snakemake.input.get("macro", []))),
    )
    place = Place("work/checkpoints/{method}/{protocol}/{shard}".format(**snakemake.wildcards), snakemake.input.code)
    bar, made = progress_bar(terminal, job.name), snakemake.input.get("synthetic", [])
    train.run(job, snakemake.input.files, dict(snakemake.output.items()), bar, place, made)
