"""One network, trained on all clips of the main table's protocol."""

from adapter import Snakemake, logged, progress_bar

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]) as terminal:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.models import recognisers
    from microexpr.training import refit, train
    from microexpr.training.checkpoint import CheckpointDir

    protocol, name = protocols.PROTOCOLS[snakemake.params.protocol], snakemake.wildcards.method
    clips = index.read_all(snakemake.input.index)
    kind = recognisers.find(name)
    job = train.Job(
        name=name,
        method=kind(kind.Params(**snakemake.params.method), len(protocol.classes)),
        protocol=protocol,
        clips=protocol.select(clips),
        folds=[],
        params=train.Params(**snakemake.config["train"]),
        synth=train.SynthParams(),
        seed=snakemake.params.seed,
        macro=protocol.macro(index.read_all(snakemake.input.macro)),
    )
    checkpoints = CheckpointDir(f"work/checkpoints/{name}/{protocol.name}/refit", snakemake.params.code)
    refit.run(job, snakemake.input.files, snakemake.output[0], progress_bar(terminal, f"refit {name}"), checkpoints)
