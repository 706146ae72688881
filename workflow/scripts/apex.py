"""Onset, apex and offset of one subject's clips: the apex as annotated, or spotted where there is none."""

from adapter import logged

with logged(snakemake.log[0]):
    import numpy as np

    from microexpr import apex, store
    from microexpr.clip import Clip
    from microexpr.faces import luma

    params = apex.Params(**snakemake.params.apex)
    clips = [Clip.of(row) for row in snakemake.params.rows]
    with (
        store.opened(snakemake.input.faces, "faces") as faces,
        store.subject_file(snakemake.output[0], "apex", clips, apex=params.model_dump()) as file,
    ):
        for clip in clips:
            face = faces[clip.name]
            frame, ends = face["frame"][()], (clip.onset, clip.offset)
            onset, offset = np.searchsorted(frame, ends)
            score = apex.spot(luma(face["crop"][()]), face["landmarks_crop"][()], onset, offset, params)
            top, by = (clip.apex, "annotated") if clip.apex else (frame[apex.apex(score, onset, offset)], "spotted")
            group = file.group(clip.name, method=by)
            group.put_all(frame=frame, onset=clip.onset, apex=top, offset=clip.offset, score=score)
