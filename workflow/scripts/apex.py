"""Onset, apex and offset of one subject's clips."""

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.core.clip import Clip
    from microexpr.signals import apex

    params = apex.Params(**snakemake.params.apex)
    clips = [Clip.from_row(row) for row in snakemake.params.rows]
    with (
        store.subject_file(snakemake.output[0], "apex", clips, apex=params.model_dump()) as file,
        store.open_file(snakemake.input.faces, "faces") as faces,
    ):
        file.put("fitted_on", store.fitted_on(faces))
        for clip in store.retained_clips(faces, clips):
            face = faces[clip.name]
            events = apex.locate(clip, face, params)
            onset, top, offset = (events.methods[event] for event in apex.EVENTS)
            file.group(clip.name, method=top, onset_method=onset, offset_method=offset).put_all(
                **events.arrays(), head=apex.head_path(face, events)
            )
