"""One network, trained on all clips of the main table's protocol."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.models import recognisers
    from microexpr.training import refit
    from microexpr.training.checkpoint import CheckpointDir
    from microexpr.training.job import job_on_all

    protocol, name = protocols.PROTOCOLS[snakemake.params.protocol], snakemake.wildcards.method
    method = recognisers.build(name, snakemake.params.method, len(protocol.classes))
    clips = protocol.select(index.read_all(snakemake.input.index))
    macro = protocol.macro(index.read_all(snakemake.input.macro))
    job = job_on_all(name, method, protocol, clips, snakemake.config, snakemake.params.seed, macro)
    checkpoints = CheckpointDir(f"work/checkpoints/{name}/{protocol.name}/refit", snakemake.params.code)
    files, bar = dict(snakemake.input.items()), progress_bar(f"refit {name}")
    refit.run(job, files, snakemake.output[0], bar, checkpoints)
