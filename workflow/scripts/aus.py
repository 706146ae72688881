"""Action-unit intensities of one subject's clips."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import aus, inputs, store
    from microexpr.aus import filters, regressor
    from microexpr.clip import Clip
    from microexpr.luma import luma

    params = aus.Params(**snakemake.params.aus)
    clips = [Clip.of(row) for row in snakemake.params.rows]
    model = regressor.load()
    with (
        store.subject_file(snakemake.output[0], "aus", clips, aus=params.model_dump()) as file,
        store.opened(snakemake.input.faces, "faces") as faces,
        store.opened(snakemake.input.apex, "apex") as apex,
    ):
        file.put("fitted_on", model.fitted_on)
        for clip in clips:
            face = faces[clip.name]
            onset = inputs.position(face, apex[clip.name], "onset")
            crops, landmarks = luma(face["crop"][()]), face["landmarks_crop"][()]
            curves = filters.curves(regressor.regress(crops, landmarks, onset, model), onset, clip.fps, params)
            file.group(clip.name).put_all(frame=face["frame"][()], au_names=aus.ACTION_UNITS, **curves)
