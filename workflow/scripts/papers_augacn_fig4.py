"""AU-GACN's Figure 4: one network, trained on all but the subject with the clips to score."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from microexpr import protocols
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.models.recognisers.augacn import AuGacn
    from microexpr.reporting import papers, table
    from microexpr.reporting.plots import augacn, drawing
    from microexpr.training import refit
    from microexpr.training.job import job_on_all

    protocol, name = protocols.PROTOCOLS[snakemake.params.protocol], "augacn.nodes"
    files = dict(snakemake.input.items())
    clips, expected = protocol.select(index.read_all(files["index"])), papers.expected_units("augacn", "fig4")
    held = augacn.held_out(clips, next(iter(expected)))
    method = AuGacn(AuGacn.Params(**snakemake.params.method), len(protocol.classes))
    others = [clip for clip in clips if clip not in held]
    job = job_on_all(name, method, protocol, others, snakemake.config, snakemake.params.seed)
    refit.run(job, files, snakemake.output.weights, progress_bar(f"fig4 {name}"))
    rows = augacn.node_rows(refit.load(snakemake.output.weights), clips, held, files, expected)
    store.write_text(snakemake.output.csv, table.csv_text(augacn.NODE_COLUMNS, rows))
    drawing.plot(augacn.fig4, rows, path=snakemake.output.figure)
