"""One rendered long video: native frames and ground truth."""

from adapter import logged

with logged() as snakemake:
    from microexpr.rendering import corpus
    from microexpr.rendering.long_videos import PlannedVideo

    corpus.write_video(
        PlannedVideo.from_row(snakemake.params.plan),
        corpus.Scene(**snakemake.params.scene),
        snakemake.params.seed,
        root=snakemake.params.root,
        truth=snakemake.output.truth,
    )
