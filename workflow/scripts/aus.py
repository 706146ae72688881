"""Action-unit intensities of one subject's clips, by the shipped regressor or from OpenFace's tables."""

from adapter import logged

with logged() as snakemake:
    from typing import Any

    import numpy as np

    import aus_file
    from microexpr.core.arrays import luma
    from microexpr.core.clip import Clip
    from microexpr.signals import aus
    from microexpr.signals.aus import openface, regressor

    sources, values = (snakemake.input.faces, snakemake.input.apex), snakemake.params
    params, clips = aus.Params(**values.aus), [Clip.from_row(row) for row in values.rows]
    model = None if params.backend == "openface" else regressor.load()

    def read(clip: Clip, face: Any, onset: int) -> tuple[np.ndarray, dict[str, str]]:
        if model is None:
            return openface.read(clip, values.min_detected, face["frame"][()])
        return regressor.regress(luma(face["crop"][()]), onset, model, params.sizes), {}

    fitted_on = model.fitted_on if model else openface.FITTED_ON
    aus_file.write(snakemake.output[0], sources, clips, params, read, fitted_on)
