"""All folds of one shard of a training."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from microexpr import protocols, tasks
    from microexpr.datasets import index
    from microexpr.models import recognisers
    from microexpr.training import train
    from microexpr.training.checkpoint import CheckpointDir

    values, files, wildcards = snakemake.params, snakemake.input, snakemake.wildcards
    name, protocol, chosen = wildcards.method, tasks.PROTOCOLS[wildcards.protocol], values.training
    # config: values that rerun nothing
    params = train.Params(**snakemake.config["train"] | values.train | {"seeds": chosen["seeds"]})
    clips, macro = protocol.select(index.read_all(files.index)), index.read_all(files.macro)
    folds = protocol.folds(clips, values.seed, params.inner_subjects, params.seeds, **chosen["folds"])
    synth = train.SynthParams(**values.get("synth", {}))
    method = recognisers.build(name, values.method, len(protocol.classes), chosen.get("units"))
    macro_clips = train.macro_clips(protocol, macro, chosen.get("both", 0))
    shard = protocols.shard(folds, wildcards.shard)
    job = train.Job(name, method, protocol, clips, shard, params, synth, values.seed, macro_clips)
    checkpoints = CheckpointDir(f"work/checkpoints/{name}/{wildcards.protocol}/{wildcards.shard}", values.code)
    train.run(job, dict(files.items()), dict(snakemake.output.items()), progress_bar(name), checkpoints)
