"""ICE-GAN's Figure 4, of this run's held-out faces."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.evaluation import resemblance, synthesised_faces
    from microexpr.reporting.plots import icegan

    main, split = (protocols.PROTOCOLS[name] for name in ("megc2019", "split70"))
    files, given = snakemake.input, snakemake.params
    clips = index.read_all(files.index)
    folds = split.folds(clips, given.seed, seeds=given.seeds, limit=given.folds)
    made = synthesised_faces.read(files.shards, "icegan", main, clips, every_class=True)
    others = {}
    for letter, name in given.others.items():
        shards = [path for path in files.others if f"/{name}/" in path]
        others[f"model {letter}"] = synthesised_faces.read(shards, name, split, clips, folds, every_class=True)
    icegan.fig4(snakemake.output[0], made, resemblance.true_faces(made, files.true), others, given.show)
