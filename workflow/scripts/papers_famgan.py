"""FAMGAN's task, measured and drawn, or its four devices, each taken away: every source's movement on two faces."""

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.reporting import papers
    from microexpr.reporting.papers import transfers
    from microexpr.reporting.plots import drawing, famgan

    values, files, outputs = snakemake.params, snakemake.input, snakemake.output
    clips, size = index.read_all(files.index), tuple(values.size)
    options = values.super_resolution, values.seed, size
    task = transfers.Task.load(clips, values.sources, dict(files.items()), files.generator, *options)
    if outputs.get("ablation"):
        rows = list(transfers.ablation(task, values.seed))
        store.write_csv(outputs.ablation, transfers.ABLATED, rows)
        store.write_text(outputs.markdown, transfers.ablation_markdown(rows))
    else:
        results = task.reenactments()
        rows = list(transfers.rows(results, task.reader, task.kind))
        store.write_csv(outputs.transfer, transfers.COLUMNS, rows)
        store.write_text(outputs.markdown, transfers.markdown(rows))
        drawing.plot(famgan.fig2, famgan.most_asymmetric(results), task, values.show, path=outputs.fig2)
        for name in famgan.SHOWN:
            expected = papers.expected_units("famgan", name)
            figure = name, famgan.choose(results, name), task, expected, values.show
            drawing.plot(famgan.sequence, *figure, path=outputs[name])
