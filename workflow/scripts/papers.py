"""One table of one paper, as CSV and as Markdown."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import evaluation
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation.rows import read_faces
    from microexpr.reporting import papers
    from microexpr.reporting.papers import census, page

    paper, table = snakemake.wildcards.paper, snakemake.wildcards.table
    given, files = snakemake.params, snakemake.input
    run = papers.Run(
        methods=given.methods,
        generators=given.generators,
        makers=given.makers,
        made={name: census.read_made(path) for name, path in zip(given.needs_made, files.made, strict=True)},
        protocols=given.protocols,
        folds=given.folds,
        studied=given.studied,
        evaluations={tuple(p): evaluation.read(path) for p, path in zip(given.needs, files.figures, strict=True)},
        faces={tuple(p): read_faces(path) for p, path in zip(given.needs_faces, files.faces, strict=True)},
        params=given.described,
        clips=index.read_all(snakemake.input.index),
    )
    rows = papers.rows(paper, table, run)
    store.write_text(snakemake.output.csv, page.to_csv(rows))
    store.write_text(snakemake.output.markdown, page.markdown(paper, table, rows))
