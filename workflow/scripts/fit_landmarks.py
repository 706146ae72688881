"""The shipped predictor of landmarks, trained on the population's portraits."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from reader_fits import landmarks as fit
    from reader_fits.learning import Checkpoint, Execution

    training, path = snakemake.input.training, "work/checkpoints/shipped/fit/landmarks/state.safetensors"
    checkpoint = Checkpoint.of(path, snakemake.params.code, training)
    bar = progress_bar("landmarks")
    fit.run(training, snakemake.input.held_out, snakemake.output[0], Execution(checkpoint, bar))
