"""Optical flow and strain from onset to apex of one subject's clips."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import flow, inputs, store
    from microexpr.clip import Clip

    params = flow.Params(**snakemake.params.flow)
    clips = [Clip.of(row) for row in snakemake.params.rows]
    with (
        store.subject_file(snakemake.output[0], "flow", clips, flow=params.model_dump()) as file,
        store.opened(snakemake.input.faces, "faces") as faces,
        store.opened(snakemake.input.apex, "apex") as apex,
    ):
        for clip in clips:
            onset, top = (inputs.grey_frame(faces[clip.name], apex[clip.name], event) for event in ("onset", "apex"))
            file.group(clip.name).put("onset_apex", flow.onset_apex(onset, top, params))
