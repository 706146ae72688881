"""One person of the truth benchmark, read by the signal stages and laid beside what the renderer knows."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import truth
    from microexpr.generated.corpus import Scene
    from microexpr.generated.native import Planned
    from microexpr.truth import person

    person.write(
        [Planned.of(row) for row in snakemake.params.plan],
        Scene(**snakemake.params.scene),
        truth.root_seed(snakemake.params.seed),
        person.Stages.of(snakemake.params.stages),
        snakemake.output[0],
    )
