"""The shipped generator of FAMGAN, fitted to the scenes of the population."""

from adapter import Snakemake, logged, progress_bar

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]) as terminal:
    from microexpr.apps.reenact import fit
    from microexpr.training.checkpoint import CheckpointDir

    checkpoints = CheckpointDir("work/checkpoints/shipped/fit/reenact", snakemake.params.code)
    bar = progress_bar(terminal, "reenact")
    fit.run(snakemake.input.training, snakemake.input.held_out, snakemake.output[0], bar, checkpoints)
