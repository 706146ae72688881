"""ICE-GAN's Figure 5, of this run's held-out faces, and the figures behind it."""

from adapter import logged

with logged() as snakemake:
    from microexpr import protocols
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation import faces
    from microexpr.reporting import papers, table
    from microexpr.reporting.plots import drawing, icegan

    files, values = snakemake.input, snakemake.params
    clips = index.read_all(files.index)
    main = protocols.PROTOCOLS["megc2019"]
    folds = main.folds(clips, values.seed, **values.folds)
    synthesised = faces.read(files.shards, "icegan", main, clips, folds)
    true = faces.read_true((face.clip for face in synthesised.faces), dict(files.items()), synthesised.image_shape)
    units = icegan.units_at_apex(files.truth, clips)
    rows = icegan.change_rows(synthesised, true, papers.expected_units("icegan", "fig5"), units)
    store.write_text(snakemake.output.csv, table.csv_text(icegan.CHANGE_COLUMNS, rows))
    drawing.plot(icegan.fig5, synthesised, true, rows, values.show, path=snakemake.output.figure)
