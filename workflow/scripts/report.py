"""Write the report: one page of all results of a run."""

from pathlib import Path

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.reporting import html
    from microexpr.reporting.html import page

    page_inputs = html.PageInputs(**snakemake.params.page_inputs)
    store.write_text(snakemake.output[0], page.html(page_inputs, Path("results")))
