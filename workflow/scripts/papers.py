"""One table of one paper, as CSV and as Markdown."""

from adapter import logged

with logged() as snakemake:
    from microexpr import evaluation
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation.rows import FACE_COLUMNS
    from microexpr.reporting import papers
    from microexpr.reporting.papers.cells import SyntheticClips

    paper, table = snakemake.wildcards.paper, snakemake.wildcards.table
    files, keys = snakemake.input, snakemake.params.inputs
    run = papers.PaperRun(
        **snakemake.params.run,
        synthetic_clips={name: SyntheticClips.read(path) for name, path in zip(keys["made"], files.made, strict=True)},
        evaluations={
            tuple(key): evaluation.read(path) for key, path in zip(keys["evaluations"], files.evaluations, strict=True)
        },
        faces={
            tuple(key): evaluation.read(path, FACE_COLUMNS)
            for key, path in zip(keys["faces"], files.faces, strict=True)
        },
        params=snakemake.params.described,
        clips=index.read_all(files.index),
    )
    rows = papers.rows(paper, table, run)
    store.write_csv(snakemake.output.csv, papers.COLUMNS, rows)
    store.write_text(snakemake.output.markdown, papers.markdown(paper, table, rows))
