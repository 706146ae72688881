"""The shipped spotter, trained on the long takes of the population."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from reader_fits import spotter as fit
    from reader_fits.learning import Checkpoint, Execution

    training, path = snakemake.input.training, "work/checkpoints/shipped/fit/spotter/state.safetensors"
    checkpoint = Checkpoint.of(path, snakemake.params.code, training)
    bar = progress_bar("spotter")
    fit.run(training, snakemake.input.held_out, snakemake.output[0], Execution(checkpoint, bar))
