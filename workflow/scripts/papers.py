"""One table of one paper, as CSV and as Markdown."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import evaluation, index, papers, store
    from microexpr.papers import page

    paper, table = snakemake.wildcards.paper, snakemake.wildcards.table
    needs = [tuple(pair) for pair in snakemake.params.needs]
    run = papers.Run(
        methods=snakemake.params.methods,
        protocols=snakemake.params.protocols,
        folds=snakemake.params.folds,
        evaluations={pair: evaluation.read(path) for pair, path in zip(needs, snakemake.input.figures, strict=True)},
        clips=[clip for path in snakemake.input.index for clip in index.read(path)],
    )
    rows = papers.rows(paper, table, run)
    store.write_text(snakemake.output.csv, page.to_csv(rows))
    store.write_text(snakemake.output.markdown, page.markdown(paper, table, rows))
