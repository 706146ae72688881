"""The part of our crop that precomputed flow pictures show: found, or as given in params.yaml and compared."""

from pathlib import Path

from adapter import logged, logger

with logged() as snakemake:
    import numpy as np

    from microexpr.core import store
    from microexpr.core.seeds import generator
    from microexpr.datasets import flow_folders
    from microexpr.signals.flow import pictures
    from reader_fits import population
    from reader_fits.population import scenes

    root = Path(snakemake.params.root)
    recorded, _ = flow_folders.read(root)
    files = {Path(path).stem: path for path in snakemake.input.population}
    clips = scenes.clips_of(population.Params(**snakemake.params.population), files, {"micro"})
    flow = []
    for clip in clips[:: -(-len(clips) // pictures.CLIPS)]:
        with store.open_file(files[clip.subject], "population") as rendered:
            flow.append(rendered["clips"][clip.name]["onset_apex"][()])
    images = np.stack([flow_folders.picture(root, clip) for clip in recorded])
    outcome = pictures.register(pictures.Rendered(flow), images, generator(0, "region"))
    logger.info(outcome.describe())
    region = pictures.choose(outcome, snakemake.params.region, str(root))
    store.write_csv(snakemake.output[0], pictures.COLUMNS, pictures.rows(outcome, region))
