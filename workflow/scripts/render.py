"""One subject of a rendered corpus: native frames and ground truth."""

from adapter import logged

with logged() as snakemake:
    from microexpr.rendering import corpus
    from microexpr.rendering.layout import PlannedClip

    corpus.write_person(
        [PlannedClip.from_row(row) for row in snakemake.params.plan],
        corpus.Scene(**snakemake.params.scene),
        snakemake.params.seed,
        root=snakemake.params.root,
        truth=snakemake.output.truth,
    )
