"""Figures of the faces of held-out subjects that one generator synthesised under one protocol."""

from adapter import logged

with logged() as snakemake:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.evaluation import Params, belief, face_measures, faces, resemblance
    from microexpr.evaluation.rows import FACE_COLUMNS, write
    from microexpr.signals.aus import regressor
    from microexpr.training.observers import observe

    protocol, values = protocols.PROTOCOLS[snakemake.wildcards.protocol], snakemake.params
    clips = index.read_all(snakemake.input.index)
    folds = protocol.folds(clips, values.seed, seeds=values.training["seeds"], **values.training["folds"])
    shards, name = list(snakemake.input.shards), snakemake.wildcards.method
    synthesised = faces.read(shards, name, protocol, clips, folds)
    true = faces.read_true(protocol.select(clips), dict(snakemake.input.items()), synthesised.image_shape)
    measured, own_class = faces.gather(synthesised, true), synthesised.own_class()
    if not values.every:
        del measured.pairs[faces.TWICE]
    resampling = (Params(**values.evaluate).resamples, values.seed)
    rows = resemblance.evaluate(own_class, true, values.every)
    rows += face_measures.class_uar(measured, *resampling)
    rows += face_measures.changes(measured, regressor.load(), *resampling)
    observed = () if values.every else (faces.SYNTHESISED, faces.MEAN_FLOW)
    rows += belief.of_faces(measured, observe, *resampling, observed)
    write(snakemake.output[0], rows, FACE_COLUMNS)
