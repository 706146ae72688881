"""One network, trained on macro-expressions of one set of classes."""

from adapter import Snakemake, logged, progress_bar

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]) as terminal:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.models import recognisers
    from microexpr.training import pretrain, train
    from microexpr.training.checkpoint import CheckpointDir

    values, wildcards, name = snakemake.params, snakemake.wildcards, snakemake.wildcards.method
    protocol = protocols.PROTOCOLS[values.protocol]
    kind = recognisers.find(name)
    job = train.Job(
        name=name,
        method=kind(kind.Params(**values.method), len(protocol.classes)),
        protocol=protocol,
        clips=[],
        folds=[],
        params=train.Params(**snakemake.config["train"]),
        synth=train.SynthParams(),
        seed=values.seed,
        macro=protocol.macro(index.read_all(snakemake.input.macro)),
    )
    checkpoints = CheckpointDir(f"work/checkpoints/{name}/pretrain/{wildcards.classes}", values.code)
    bar = progress_bar(terminal, f"pretrain {name}")
    pretrain.run(job, snakemake.input.files, snakemake.output[0], bar, checkpoints)
