"""Optical flow and strain from onset to apex of one subject's clips."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr.core import store
    from microexpr.core.clip import Clip
    from microexpr.core.grayscale import luma
    from microexpr.signals import flow, inputs

    params = flow.Params(**snakemake.params.flow)
    kind = "onset_apex" if params.normalise == "none" else "onset_apex_scaled"
    clips = [Clip.of(row) for row in snakemake.params.rows]
    with (
        store.subject_file(snakemake.output[0], "flow", clips, flow=params.model_dump()) as file,
        store.opened(snakemake.input.faces, "faces") as faces,
        store.opened(snakemake.input.apex, "apex") as apex,
    ):
        for clip in store.kept(faces, clips):
            face = faces[clip.name]
            onset, top = (inputs.position(face, apex[clip.name], event) for event in ("onset", "apex"))
            moved = flow.clip_flow(luma(face["crop"][()]), onset, top, params)
            file.group(clip.name).put("onset_apex", flow.normalise(moved, params.normalise), kind)
