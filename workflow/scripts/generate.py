"""One person of a generated corpus: native frames and truth."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr.rendering import corpus
    from microexpr.rendering.layout import Planned

    corpus.write_person(
        [Planned.of(row) for row in snakemake.params.plan],
        corpus.Scene(**snakemake.params.scene),
        snakemake.params.seed,
        root=snakemake.params.root,
        truth=snakemake.output.truth,
    )
