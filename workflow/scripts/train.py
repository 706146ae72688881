"""All folds of one shard of a training: of one method, or of several that begin alike, which they then do once."""

from adapter import each, logged, progress_bar

with logged(snakemake.log[0]) as terminal:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.models import recognisers
    from microexpr.training import train
    from microexpr.training.checkpoint import CheckpointDir

    given, files, own = snakemake.params, snakemake.input, snakemake.wildcards
    protocol = protocols.PROTOCOLS[own.protocol]
    params = train.Params(**snakemake.config["train"] | given.train)  # with what reruns nothing
    clips, macro = protocol.select(index.read_all(files.index)), index.read_all(files.get("macro", []))
    folds = protocol.folds(clips, given.seed, params.inner_subjects, params.seeds, given.folds)
    synth, begun = train.SynthParams(**given.get("synth", {})), {}
    for (name, chosen), outputs in zip(given.methods.items(), each(snakemake.output), strict=True):
        one = recognisers.find(name)(recognisers.find(name).Params(**chosen), len(protocol.classes))
        strong = protocol.macro(clip for clip in macro if one.learns_from(clip.dataset))
        shard = protocols.shard(folds, own.shard)
        job = train.Job(name, one, protocol, clips, shard, params, synth, given.seed, strong)
        place = CheckpointDir(f"work/checkpoints/{name}/{own.protocol}/{own.shard}", files.code)
        bar = progress_bar(terminal, name)
        train.run(job, files.files, outputs, bar, place, files.get("synthetic", []), begun)
