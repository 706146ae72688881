"""All folds of one shard of a training: of one method, or of several that share their first phases."""

from adapter import Snakemake, each, logged, progress_bar

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]) as terminal:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.models import recognisers
    from microexpr.training import train
    from microexpr.training.checkpoint import CheckpointDir, Prefixes

    values, files, wildcards = snakemake.params, snakemake.input, snakemake.wildcards
    protocol = protocols.PROTOCOLS[wildcards.protocol]
    params = train.Params(**snakemake.config["train"] | values.train)  # config: values that rerun nothing
    clips, macro = protocol.select(index.read_all(files.index)), index.read_all(files.get("macro", []))
    folds = protocol.folds(clips, values.seed, params.inner_subjects, params.seeds, **values.folds)
    synth = train.SynthParams(**values.get("synth", {}))
    prefixes: Prefixes = {}  # what several methods share
    for (name, chosen), outputs in zip(values.methods.items(), each(snakemake.output), strict=True):
        method = recognisers.build(name, chosen, len(protocol.classes), values.get("units"))
        macro_clips = train.macro_clips(method, protocol, macro, values.get("both", 0))
        shard = protocols.shard(folds, wildcards.shard)
        job = train.Job(name, method, protocol, clips, shard, params, synth, values.seed, macro_clips)
        checkpoints = CheckpointDir(f"work/checkpoints/{name}/{wildcards.protocol}/{wildcards.shard}", values.code)
        bar = progress_bar(terminal, name)
        train.run(job, files.files, outputs, bar, checkpoints, files.get("synthetic", []), prefixes)
