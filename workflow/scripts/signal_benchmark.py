"""The signal benchmark's figures, pooled, and its page."""

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.reporting.signal_benchmark import page, pool

    clips = pool.read(snakemake.input.measured)
    tables = pool.tables(clips)
    for name, rows in tables.items():
        store.write_text(snakemake.output[name], pool.to_csv(rows))
    store.write_text(snakemake.output.page, page.html(tables, clips))
