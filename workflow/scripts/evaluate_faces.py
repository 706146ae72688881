"""Figures of the faces that one generator made of held-out people under one protocol."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import index, protocols
    from microexpr.evaluation import made_faces, resemblance
    from microexpr.evaluation.rows import write_faces

    protocol, given = protocols.PROTOCOLS[snakemake.wildcards.protocol], snakemake.params
    clips = [clip for path in snakemake.input.index for clip in index.read(path)]
    folds = protocols.spread(protocol.folds(clips, given.seed, draws=given.draws), given.folds)
    made = made_faces.read(snakemake.input.shards, snakemake.wildcards.method, protocol, clips, folds)
    seen = resemblance.see(made, snakemake.input.true)
    write_faces(snakemake.output[0], resemblance.evaluate(made, seen))
