"""One table of one paper, as CSV and as Markdown."""

from adapter import Snakemake, logged

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]):
    from microexpr import evaluation
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation.rows import read_faces
    from microexpr.reporting import papers
    from microexpr.reporting.papers import census, page

    paper, table = snakemake.wildcards.paper, snakemake.wildcards.table
    values, files = snakemake.params, snakemake.input
    run = papers.Run(
        **values.run,
        synthetic_clips={
            name: census.read_synthetic_clips(path) for name, path in zip(values.needs_made, files.made, strict=True)
        },
        evaluations={tuple(p): evaluation.read(path) for p, path in zip(values.needs, files.figures, strict=True)},
        faces={tuple(p): read_faces(path) for p, path in zip(values.needs_faces, files.faces, strict=True)},
        params=values.described,
        clips=index.read_all(snakemake.input.index),
    )
    rows = papers.rows(paper, table, run)
    store.write_csv(snakemake.output.csv, papers.COLUMNS, rows)
    store.write_text(snakemake.output.markdown, page.markdown(paper, table, rows))
