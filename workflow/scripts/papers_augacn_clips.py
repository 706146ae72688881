"""AU-GACN's Figure 3, also as an animation, or 5: clips that this run's AU-ICGAN synthesised of unseen subjects."""

from adapter import logged

with logged() as snakemake:
    from microexpr.datasets import index
    from microexpr.evaluation import read_back
    from microexpr.reporting.plots import augacn, drawing

    values, files = snakemake.params, snakemake.input
    clips = index.read_all(files.index)
    synthesised = [clip for path in files.made for clip in read_back.read(path, clips, dict(files.items()))]
    synthesised = [clip for clip in synthesised if clip.source.dataset == values.dataset]
    drawing.plot(augacn.draw_clips, synthesised, values.title, values.show, path=snakemake.output.figure)
    if animation := snakemake.output.get("animation"):
        augacn.write_animation(animation, synthesised, values.show)
