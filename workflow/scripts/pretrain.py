"""One network, trained on strong expressions of one set of classes."""

from adapter import logged, progress_bar

with logged(snakemake.log[0]) as terminal:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.models import recognisers
    from microexpr.training import pretrain, train
    from microexpr.training.checkpoint import CheckpointDir

    protocol, name = protocols.PROTOCOLS[snakemake.params.protocol], snakemake.wildcards.method
    kind = recognisers.find(name)
    job = train.Job(
        name=name,
        method=kind(kind.Params(**snakemake.params.method), len(protocol.classes)),
        protocol=protocol,
        clips=[],
        folds=[],
        params=train.Params(**snakemake.config["train"]),
        synth=train.SynthParams(),
        seed=snakemake.params.seed,
        macro=protocol.macro(index.read_all(snakemake.input.macro)),
    )
    place = CheckpointDir(f"work/checkpoints/{name}/pretrain/{snakemake.wildcards.classes}", snakemake.input.code)
    bar = progress_bar(terminal, f"pretrain {name}")
    pretrain.run(job, snakemake.input.files, snakemake.output[0], bar, place)
