"""Precomputed flow pictures as flow files, one per subject, and their index."""

from itertools import groupby
from pathlib import Path

from adapter import logged, logger

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.datasets import flow_folders, index
    from microexpr.signals.flow import pictures

    root, normalise = Path(snakemake.params.root), snakemake.params.normalise
    clips, notes = flow_folders.read(root)
    for note in notes:
        logger.info(note)
    for (dataset, subject), group in groupby(clips, lambda clip: (clip.dataset, clip.subject)):
        subject_clips = list(group)
        with store.subject_file(Path(snakemake.output.flow) / dataset / f"{subject}.h5", "flow", subject_clips) as file:
            file.describe(source="precomputed flow pictures")
            for clip in subject_clips:
                flow = pictures.channels(flow_folders.picture(root, clip), normalise)
                file.group(clip.name).put("onset_apex", flow, pictures.FIELDS[normalise])
    index.write(snakemake.output.index, clips)
