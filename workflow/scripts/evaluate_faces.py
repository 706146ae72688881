"""Figures of the faces of held-out subjects that one generator synthesised under one protocol."""

from adapter import Snakemake, logged

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]):
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.evaluation import Params, belief, face_changes, face_kinds, resemblance, shown, synthesised_faces
    from microexpr.evaluation import true_faces as apexes
    from microexpr.evaluation.face_kinds import MEAN_FLOW, SYNTHESISED, TWICE
    from microexpr.evaluation.rows import write_faces
    from microexpr.signals.aus import regressor
    from microexpr.training.observers import observe

    protocol, values = protocols.PROTOCOLS[snakemake.wildcards.protocol], snakemake.params
    clips = index.read_all(snakemake.input.index)
    folds = protocol.folds(clips, values.seed, seeds=values.seeds, **values.folds)
    shards, name = list(snakemake.input.shards), snakemake.wildcards.method
    all_faces = synthesised_faces.read(shards, name, protocol, clips, folds, every_class=True)
    faces = face_kinds.own_class(all_faces)
    true = apexes.read(protocol.select(clips), snakemake.input.true, faces.image_shape)
    kinds = face_kinds.gather(all_faces, true)
    if not values.every:
        del kinds[TWICE]
    resampling = (Params(**values.evaluate).resamples, values.seed)
    rows = resemblance.evaluate(faces, resemblance.embed_faces(faces, true, values.every))
    rows += shown.evaluate(all_faces, kinds, true, *resampling)
    rows += face_changes.evaluate(all_faces, kinds, true, regressor.load(), *resampling)
    observed = () if values.every else (SYNTHESISED, MEAN_FLOW)
    rows += belief.evaluate(all_faces, kinds, true, observe, *resampling, observed)
    write_faces(snakemake.output[0], rows)
