"""MTMNet's Figure 3: one network, trained on all but the people that it is to draw."""

from adapter import logged, progress_bar

with logged(snakemake.log[0]) as terminal:
    from microexpr import protocols
    from microexpr.datasets import index
    from microexpr.models.recognisers.mtmnet import Mtmnet
    from microexpr.reporting.plots import eidnet
    from microexpr.training import refit, train

    protocol, name, files = protocols.PROTOCOLS[snakemake.params.protocol], "mtmnet.eidnet", snakemake.input.files
    clips = protocol.select(index.read_all(snakemake.input.index))
    held = eidnet.held_out(clips)
    job = train.Job(
        name=name,
        method=Mtmnet(Mtmnet.Params(**snakemake.params.method), len(protocol.classes)),
        protocol=protocol,
        clips=[clip for clip in clips if clip not in held],
        folds=[],
        params=train.Params(**snakemake.config["train"]),
        synth=train.SynthParams(),
        seed=snakemake.params.seed,
    )
    figure, weights = snakemake.output.figure, snakemake.output.weights
    refit.run(job, files, weights, progress_bar(terminal, f"fig3 {name}"))
    eidnet.fig3(figure, refit.load(weights), clips, held, files, snakemake.params.show)
