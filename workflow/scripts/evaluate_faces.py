"""Figures of the faces that one generator made of held-out people under one protocol."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.evaluation import Params, resemblance, shown, synthesised_faces
    from microexpr.evaluation.rows import write_faces

    protocol, given = protocols.PROTOCOLS[snakemake.wildcards.protocol], snakemake.params
    clips = index.read_all(snakemake.input.index)
    folds = protocol.folds(clips, given.seed, seeds=given.seeds, limit=given.folds)
    shards, name, true = list(snakemake.input.shards), snakemake.wildcards.method, list(snakemake.input.true)
    made = synthesised_faces.read(shards, name, protocol, clips, folds)
    rows = resemblance.evaluate(made, resemblance.embed_faces(made, true))
    every, known = (
        synthesised_faces.read(shards, name, protocol, clips, folds, every_class=True),
        protocol.select(clips),
    )
    pairs = shown.true_pairs(known, true, every.faces[0].pair.shape[1:])
    rows += shown.evaluate(every, known, pairs, Params(**given.evaluate).resamples, given.seed)
    write_faces(snakemake.output[0], rows)
