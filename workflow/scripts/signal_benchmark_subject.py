"""One subject of the signal benchmark: what the signal stages read of it, compared with the ground truth."""

from adapter import logged

with logged() as snakemake:
    from microexpr.rendering.corpus import Scene
    from microexpr.rendering.layout import PlannedClip
    from microexpr.reporting import signal_benchmark
    from microexpr.reporting.signal_benchmark import person

    person.write(
        [PlannedClip.from_row(row) for row in snakemake.params.plan],
        Scene(**snakemake.params.scene),
        signal_benchmark.root_seed(snakemake.params.seed),
        person.Stages.from_sections(snakemake.params.stages),
        snakemake.output[0],
    )
