"""AU-GACN's Figure 3 or 5, and the first as an animation: what this run's AU-ICGAN made of people it has not seen."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr.datasets import index
    from microexpr.evaluation import read_back
    from microexpr.reporting.plots import auicgan

    given, files = snakemake.params, snakemake.input
    clips = index.read_all(files.index)
    shown = [one for path in files.made for one in read_back.read(path, clips, files.files)]
    shown = [one for one in shown if one.source.dataset == given.dataset]
    auicgan.drawn(snakemake.output.figure, shown, given.title, given.show)
    if animation := snakemake.output.get("animation"):
        auicgan.animated(animation, shown, given.show)
