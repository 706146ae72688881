"""Flow of the population as pictures like precomputed ones, one file per subject, and their index."""

from pathlib import Path

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.signals.flow import pictures
    from reader_fits import population
    from reader_fits.population import scenes

    region, normalise = pictures.read(snakemake.input.region), snakemake.params.normalise
    files = {Path(path).stem: path for path in snakemake.input.population}
    clips = scenes.clips_of(population.Params(**snakemake.params.population), files, ("micro", "macro"))
    for subject, path in files.items():
        subject_clips = [clip for clip in clips if clip.subject == subject]
        target = Path(snakemake.output.flow) / subject_clips[0].dataset / f"{subject}.h5"
        with store.open_file(path, "population") as rendered, store.subject_file(target, "flow", subject_clips) as file:
            file.describe(source="the population's flow, as precomputed pictures have it")
            file.put("fitted_on", store.fitted_on(rendered))
            for clip in subject_clips:
                flow = pictures.flow_as_picture(rendered["clips"][clip.name]["onset_apex"][()], region, normalise)
                file.group(clip.name).put("onset_apex", flow, pictures.FIELDS[normalise])
    index.write(snakemake.output.index, clips)
