"""One person of the truth benchmark, read by the signal stages and laid beside what the renderer knows."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr.rendering.corpus import Scene
    from microexpr.rendering.layout import Planned
    from microexpr.reporting import signal_benchmark
    from microexpr.reporting.signal_benchmark import person

    person.write(
        [Planned.of(row) for row in snakemake.params.plan],
        Scene(**snakemake.params.scene),
        signal_benchmark.root_seed(snakemake.params.seed),
        person.Stages.of(snakemake.params.stages),
        snakemake.output[0],
    )
