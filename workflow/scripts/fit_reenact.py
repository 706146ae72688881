"""The shipped generator of FAMGAN, fitted to the scenes of the population."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from reader_fits import reenact as fit
    from reader_fits.learning import Checkpoint, Execution

    training, path = snakemake.input.training, "work/checkpoints/shipped/fit/reenact/state.safetensors"
    checkpoint = Checkpoint.of(path, snakemake.params.code, training)
    bar = progress_bar("reenact")
    weights, graph = snakemake.output
    fit.run(training, snakemake.input.held_out, (weights, graph), Execution(checkpoint, bar))
