"""Onset, apex and offset of one subject's clips."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr.core import store
    from microexpr.core.clip import Clip
    from microexpr.signals import apex

    params = apex.Params(**snakemake.params.apex)
    clips = [Clip.of(row) for row in snakemake.params.rows]
    with (
        store.subject_file(snakemake.output[0], "apex", clips, apex=params.model_dump()) as file,
        store.opened(snakemake.input.faces, "faces") as faces,
    ):
        for clip in store.kept(faces, clips):
            found = apex.locate(clip, faces[clip.name], params)
            start, top, end = (found.methods[event] for event in apex.EVENTS)
            file.group(clip.name, method=top, onset_method=start, offset_method=end).put_all(**found.arrays())
