"""Optical flow and strain from onset to apex of one subject's clips."""

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.core.arrays import luma
    from microexpr.core.clip import Clip
    from microexpr.signals import face_regions, flow, inputs

    params = flow.Params(**snakemake.params.flow)
    kind = "onset_apex" if params.normalise == "none" else "onset_apex_scaled"
    clips = [Clip.from_row(row) for row in snakemake.params.rows]
    with (
        store.subject_file(snakemake.output[0], "flow", clips, flow=params.model_dump()) as file,
        store.open_file(snakemake.input.faces, "faces") as faces,
        store.open_file(snakemake.input.apex, "apex") as apex,
    ):
        file.put("fitted_on", store.fitted_on(faces))
        for clip in store.retained_clips(faces, clips):
            face = faces[clip.name]
            onset, top = (inputs.position(face, apex[clip.name], event) for event in ("onset", "apex"))
            vectors = flow.clip_flow(luma(face["crop"][()]), onset, top, params, face_regions.read_in_frame(face))
            file.group(clip.name).put("onset_apex", flow.normalise(vectors, params.normalise), kind)
