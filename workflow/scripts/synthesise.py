"""One generator of clips, trained without one group of subjects, and its clips; or one that all clips trained."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from microexpr.datasets import index
    from microexpr.models import generators
    from microexpr.training import refit, synthesise, train
    from microexpr.training.checkpoint import CheckpointDir

    values, files, name = snakemake.params, snakemake.input, snakemake.wildcards.generator
    group = snakemake.wildcards.get("group", "")
    job = synthesise.make_job(
        name,
        generators.find(name),
        values.generator,
        (index.read_all(files.index), index.read_all(files.macro)),
        (train.Params(**snakemake.config["train"]), synthesise.Params(**values.synth)),
        values.seed,
        group,
    )
    checkpoints = CheckpointDir(f"work/checkpoints/{name}/groups/{group or 'refit'}", values.code)
    bar = progress_bar(f"{name} {group or 'refit'}")
    (synthesise.run if group else refit.run)(job, dict(files.items()), snakemake.output[0], bar, checkpoints)
