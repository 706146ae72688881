"""One network, trained on macro-expressions of one set of classes."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.models import recognisers
    from microexpr.training import pretrain
    from microexpr.training.checkpoint import CheckpointDir
    from microexpr.training.job import job_on_all

    values, wildcards, name = snakemake.params, snakemake.wildcards, snakemake.wildcards.method
    protocol = protocols.PROTOCOLS[values.protocol]
    method = recognisers.build(name, values.method, len(protocol.classes))
    macro = protocol.macro(index.read_all(snakemake.input.macro))
    job = job_on_all(name, method, protocol, [], snakemake.config, values.seed, macro)
    checkpoints = CheckpointDir(f"work/checkpoints/{name}/pretrain/{wildcards.classes}", values.code)
    bar = progress_bar(f"pretrain {name}")
    pretrain.run(job, dict(snakemake.input.items()), snakemake.output[0], bar, checkpoints)
