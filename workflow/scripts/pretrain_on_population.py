"""One network, trained on the population for one set of classes."""

from pathlib import Path

from adapter import logged, progress_bar

with logged() as snakemake:
    from microexpr import tasks
    from microexpr.models import recognisers
    from microexpr.training import pretrain
    from microexpr.training.checkpoint import CheckpointDir
    from microexpr.training.job import job_on_all
    from reader_fits import population
    from reader_fits.population.scenes import training_clips

    values, files, name = snakemake.params, dict(snakemake.input.items()), snakemake.wildcards.method
    protocol = tasks.PROTOCOLS[values.protocol]
    method = recognisers.build(name, values.method, len(protocol.classes), values.get("units"))
    params = population.Params(**snakemake.config["population"])
    clips, macro = training_clips(params, method.recordings, method.macro)
    clips = [clip for clip in clips if protocol.label(clip) is not None]
    job = job_on_all(name, method, protocol, clips, snakemake.config, values.seed, protocol.macro(macro))
    checkpoints = CheckpointDir(f"work/checkpoints/{name}/pretrain/{Path(snakemake.output[0]).stem}", values.code)
    bar = progress_bar(f"{name} on the population")
    pretrain.run_on_population(job, files, snakemake.output[0], bar, checkpoints, population=values.population)
