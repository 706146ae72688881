"""MTMNet's Figure 3: one network, trained on all but the subjects that it plots."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.models.recognisers.mtmnet import Mtmnet
    from microexpr.reporting.plots import drawing, mtmnet
    from microexpr.training import refit
    from microexpr.training.job import job_on_all

    protocol, name = protocols.PROTOCOLS[snakemake.params.protocol], "mtmnet.eidnet"
    files = dict(snakemake.input.items())
    clips = protocol.select(index.read_all(files["index"]))
    held = mtmnet.held_out(clips)
    method = Mtmnet(Mtmnet.Params(**snakemake.params.method), len(protocol.classes))
    others = [clip for clip in clips if clip not in held]
    job = job_on_all(name, method, protocol, others, snakemake.config, snakemake.params.seed)
    figure, weights = snakemake.output.figure, snakemake.output.weights
    refit.run(job, files, weights, progress_bar(f"fig3 {name}"))
    drawing.plot(mtmnet.fig3, refit.load(weights), clips, held, files, snakemake.params.show, path=figure)
