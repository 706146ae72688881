"""FAMGAN's task, measured and drawn, or its four devices, each taken away: every source's movement on two faces."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.reporting import papers
    from microexpr.reporting.papers import transfers
    from microexpr.reporting.plots import famgan

    given, files, made = snakemake.params, snakemake.input, snakemake.output
    clips, size = index.read_all(files.index), tuple(given.size)
    how = given.super_resolution, given.seed, size
    task = transfers.Task.of(clips, given.sources, files.files, files.generator, *how)
    if made.get("ablation"):
        rows = list(transfers.ablation(task, given.seed))
        store.write_csv(made.ablation, transfers.ABLATED, rows)
        store.write_text(made.markdown, transfers.ablated(rows))
    else:
        found = task.transfers()
        rows = list(transfers.rows(found, task.reader, task.kind))
        store.write_csv(made.transfer, transfers.COLUMNS, rows)
        store.write_text(made.markdown, transfers.markdown(rows))
        famgan.fig2(made.fig2, famgan.asymmetric(found), task, given.show)
        for name in famgan.SHOWN:
            expected = papers.expected_units("famgan", name)
            famgan.sequence(made[name], name, famgan.chosen(found, name), task, expected, given.show)
