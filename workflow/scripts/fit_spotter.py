"""The shipped spotter, trained on the long takes of the population."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from microexpr.apps.spot import fit
    from microexpr.signals.learning import Checkpoint, Execution

    training, path = snakemake.input.training, "work/checkpoints/shipped/fit/spotter/state.safetensors"
    checkpoint = Checkpoint.of(path, snakemake.params.code, training)
    bar = progress_bar("spotter")
    fit.run(training, snakemake.input.held_out, snakemake.output[0], Execution(checkpoint, bar))
