"""ICE-GAN's Figure 4, of this run's held-out faces."""

from adapter import logged

with logged() as snakemake:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.evaluation import faces
    from microexpr.reporting.plots import drawing, icegan

    main, split = (protocols.PROTOCOLS[name] for name in ("megc2019", "split70"))
    files, values = snakemake.input, snakemake.params
    clips = index.read_all(files.index)
    folds = split.folds(clips, values.seed, seeds=values.seeds, **values.split_folds)
    main_folds = main.folds(clips, values.seed, **values.folds)
    synthesised = faces.read(files.shards, "icegan", main, clips, main_folds)
    models = values.others.items()
    others = {f"model {letter}": faces.read(files[letter], name, split, clips, folds) for letter, name in models}
    true = faces.read_true((face.clip for face in synthesised.faces), dict(files.items()), synthesised.image_shape)
    drawing.plot(icegan.fig4, synthesised, true, others, values.show, path=snakemake.output[0])
