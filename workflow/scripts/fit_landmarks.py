"""The shipped predictor of landmarks, trained on the population's portraits."""

from adapter import Snakemake, logged

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]):
    from microexpr.signals.landmarks import fit

    fit.run(snakemake.input.training, snakemake.input.held_out, snakemake.output[0])
