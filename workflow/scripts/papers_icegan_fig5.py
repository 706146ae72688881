"""ICE-GAN's Figure 5, of this run's held-out faces, and the figures behind it."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.evaluation import resemblance, synthesised_faces
    from microexpr.reporting import papers
    from microexpr.reporting.papers import changes
    from microexpr.reporting.plots import icegan

    files, given = snakemake.input, snakemake.params
    clips = index.read_all(files.index)
    made = synthesised_faces.read(files.shards, "icegan", protocols.PROTOCOLS["megc2019"], clips, every_class=True)
    true, units = resemblance.true_faces(made, files.true), changes.units_at_apex(files.truth, clips)
    found = changes.rows(made, true, papers.expected_units("icegan", "fig5"), units)
    changes.write(snakemake.output.csv, found)
    icegan.fig5(snakemake.output.figure, made, true, found, given.show)
