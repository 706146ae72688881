"""Landmarks, pose and aligned crops of one subject's clips."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import datasets, faces, store
    from microexpr.clip import Clip

    params = faces.Params(**snakemake.params.faces)
    clips = [Clip.of(row) for row in snakemake.params.rows]
    with store.subject_file(snakemake.output[0], "faces", clips, faces=params.model_dump()) as file:
        for clip in clips:
            numbers, pictures = datasets.pictures(clip)
            file.group(clip.name).put_all(frame=numbers, **faces.track(pictures, params, clip.id).arrays())
