"""One generator of clips, trained without one group of subjects, and what it makes; or one that all clips trained."""

from adapter import logged, progress_bar

with logged(snakemake.log[0]) as terminal:
    from microexpr.datasets import index
    from microexpr.models import generators
    from microexpr.training import refit, synthesise, train
    from microexpr.training.checkpoint import CheckpointDir

    given, files, name = snakemake.params, snakemake.input, snakemake.wildcards.generator
    group = snakemake.wildcards.get("group", "")
    job = synthesise.make_job(
        name,
        generators.find(name),
        given.generator,
        (index.read_all(files.index), index.read_all(files.macro)),
        (train.Params(**snakemake.config["train"]), synthesise.Params(**given.synth)),
        given.seed,
        group,
    )
    place = CheckpointDir(f"work/checkpoints/{name}/groups/{group or 'final'}", files.code)
    bar = progress_bar(terminal, f"{name} {group or 'final'}")
    (synthesise.run if group else refit.run)(job, files.files, snakemake.output[0], bar, place)
