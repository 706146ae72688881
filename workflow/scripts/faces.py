"""Landmarks, pose and aligned crops of one subject's clips."""

from adapter import logged, logger

with logged() as snakemake:
    from microexpr import datasets
    from microexpr.core import store
    from microexpr.core.clip import Clip
    from microexpr.signals import faces
    from microexpr.signals.faces import detection

    params = faces.Params(**snakemake.params.faces)
    clips = [Clip.from_row(row) for row in snakemake.params.rows]
    with store.subject_file(snakemake.output[0], "faces", clips, faces=params.model_dump()) as file:
        file.put("fitted_on", detection.fitted_on(params.predictor))
        for clip in clips:
            numbers, pictures = datasets.frame_reader(clip, note=logger.info)
            try:
                track = faces.track(pictures, params, clip.id, clip.fps)
            except faces.Faceless as reason:  # the clip ends here, and the index says why
                logger.info("left out: %s", reason)
                file.group(clip.name, left_out=str(reason)).put_all(frame=numbers, detected=reason.detected)
            else:
                if track.other_faces:
                    faces_count = 1 + track.other_faces
                    logger.info("%s: %d faces, of which the largest over all frames was taken", clip.id, faces_count)
                file.group(clip.name).put_all(frame=numbers, **track.arrays())
