"""The shipped reader of action units, trained on the population's portraits."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from reader_fits import action_units as fit
    from reader_fits.learning import Checkpoint, Execution

    training, path = snakemake.input.training, "work/checkpoints/shipped/fit/action_units/state.safetensors"
    checkpoint = Checkpoint.of(path, snakemake.params.code, training)
    bar = progress_bar("action units")
    alone, change = snakemake.output
    fit.run(training, snakemake.input.held_out, (alone, change), Execution(checkpoint, bar))
