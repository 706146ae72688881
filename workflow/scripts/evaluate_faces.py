"""Figures of the faces of held-out subjects that one generator synthesised under one protocol."""

from adapter import Snakemake, logged

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]):
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.evaluation import Params, resemblance, shown, synthesised_faces
    from microexpr.evaluation.rows import write_faces

    protocol, values = protocols.PROTOCOLS[snakemake.wildcards.protocol], snakemake.params
    clips = index.read_all(snakemake.input.index)
    folds = protocol.folds(clips, values.seed, seeds=values.seeds, limit=values.folds)
    shards, name, true = list(snakemake.input.shards), snakemake.wildcards.method, list(snakemake.input.true)
    faces = synthesised_faces.read(shards, name, protocol, clips, folds)
    rows = resemblance.evaluate(faces, resemblance.embed_faces(faces, true))
    all_faces = synthesised_faces.read(shards, name, protocol, clips, folds, every_class=True)
    selected = protocol.select(clips)
    pairs = shown.true_pairs(selected, true, all_faces.faces[0].pair.shape[1:])
    rows += shown.evaluate(all_faces, selected, pairs, Params(**values.evaluate).resamples, values.seed)
    write_faces(snakemake.output[0], rows)
