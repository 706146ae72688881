"""Write the report: one page of all results of a run."""

from pathlib import Path

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.reporting import html
    from microexpr.reporting.html import page
    from microexpr.tasks import tables

    values, folder = snakemake.params, Path("results")
    parts = [tables.section(name, part["tables"], part["shown"], folder) for name, part in values.parts.items()]
    store.write_text(snakemake.output[0], page.html(html.PageInputs(**values.page_inputs), folder, parts=parts))
