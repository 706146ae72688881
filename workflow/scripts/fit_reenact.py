"""The shipped generator of FAMGAN, fitted to the scenes of the population."""

from adapter import Snakemake, logged, progress_bar

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]) as terminal:
    from microexpr.apps.reenact import fit
    from microexpr.signals.learning import Checkpoint

    training, path = snakemake.input.training, "work/checkpoints/shipped/fit/reenact/state.safetensors"
    checkpoint = Checkpoint.of(path, snakemake.params.code, training)
    bar = progress_bar(terminal, "reenact")
    weights, graph = snakemake.output
    fit.run(training, snakemake.input.held_out, (weights, graph), bar, checkpoint)
