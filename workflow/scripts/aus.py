"""Action-unit intensities of one subject's clips, by the shipped regressor or from OpenFace's tables."""

from adapter import logged

with logged(snakemake.log[0]):
    import aus_file
    from microexpr.core.clip import Clip
    from microexpr.core.grayscale import luma
    from microexpr.signals import aus
    from microexpr.signals.aus import openface, regressor

    sources, given = (snakemake.input.faces, snakemake.input.apex), snakemake.params
    params, clips = aus.Params(**given.aus), [Clip.of(row) for row in given.rows]
    if params.backend == "openface":
        read, seen = openface.reader(given.min_detected), openface.FITTED_ON
    else:
        model = regressor.load()
        seen = model.fitted_on

        def read(clip, face, onset):
            crops, landmarks = luma(face["crop"][()]), face["landmarks_crop"][()]
            return regressor.regress(crops, landmarks, onset, model, params.sizes), {}

    aus_file.write(snakemake.output[0], sources, clips, params, read, seen)
