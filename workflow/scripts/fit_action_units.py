"""The shipped reader of action units, trained on the population's portraits."""

from adapter import Snakemake, logged, progress_bar

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]) as terminal:
    from microexpr.signals.aus import fit
    from microexpr.signals.learning import Checkpoint

    training, path = snakemake.input.training, "work/checkpoints/shipped/fit/action_units/state.safetensors"
    checkpoint = Checkpoint.of(path, snakemake.params.code, training)
    bar = progress_bar(terminal, "action units")
    alone, change = snakemake.output
    fit.run(training, snakemake.input.held_out, (alone, change), checkpoint=checkpoint, progress=bar)
