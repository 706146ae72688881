"""How well an observer tells the clips that a generator synthesised from recorded ones."""

from adapter import logged

with logged() as snakemake:
    from microexpr.datasets import index
    from microexpr.evaluation import Params, belief
    from microexpr.evaluation.rows import FACE_COLUMNS, write
    from microexpr.training.observers import observe

    values = snakemake.params
    files = snakemake.input
    clips = belief.read_clips(files.clips, index.read_all(files.index), dict(files.items()))
    rows = belief.of_clips(clips, observe, Params(**values.evaluate).resamples, values.seed)
    write(snakemake.output[0], rows, FACE_COLUMNS)
