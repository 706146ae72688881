"""One network, trained on the population for one set of classes."""

from pathlib import Path

from adapter import Snakemake, logged, progress_bar

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]) as terminal:
    from microexpr import population, protocols
    from microexpr.models import recognisers
    from microexpr.population.recordings import training_clips
    from microexpr.training import pretrain, train
    from microexpr.training.checkpoint import CheckpointDir

    values, files, name = snakemake.params, snakemake.input.files, snakemake.wildcards.method
    protocol = protocols.PROTOCOLS[values.protocol]
    method = recognisers.build(name, values.method, len(protocol.classes), values.get("units"))
    params = population.Params(**snakemake.config["population"])
    clips, macro = training_clips(params, method.recordings, method.macro)
    job = train.Job(
        name=name,
        method=method,
        protocol=protocol,
        clips=[clip for clip in clips if protocol.label(clip) is not None],
        folds=[],
        params=train.Params(**snakemake.config["train"]),
        synth=train.SynthParams(),
        seed=values.seed,
        macro=protocol.macro(macro),
    )
    checkpoints = CheckpointDir(f"work/checkpoints/{name}/pretrain/{Path(snakemake.output[0]).stem}", values.code)
    bar = progress_bar(terminal, f"{name} on the population")
    pretrain.run_on_population(job, files, snakemake.output[0], bar, checkpoints, population=values.population)
