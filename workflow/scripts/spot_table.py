"""The table of long videos, all figures of it, and which methods differ."""

from adapter import logged

with logged() as snakemake:
    from pathlib import Path

    from microexpr.core import store
    from microexpr.core.clip import KINDS, LongVideo
    from microexpr.evaluation import rows, spotting, spotting_log
    from microexpr.reporting.table import csv_text
    from microexpr.tasks.spot import table

    values = snakemake.params
    settings = values.resamples, values.seed
    videos = [LongVideo.from_row(row) for row in values.videos]
    methods = dict(spotting.read(path, videos) for path in snakemake.input.found)
    figures = [row for name, intervals in methods.items() for row in spotting.rows(name, videos, intervals, *settings)]
    compared = [row for kind in KINDS for row in spotting.differences(methods, videos, kind, *settings)]
    store.write_csv(snakemake.output.csv, table.COLUMNS, table.rows(figures, compared))
    store.write_text(snakemake.output.figures, csv_text(spotting.COLUMNS, figures))
    rows.write(snakemake.output.paired, compared, spotting.PAIRED_COLUMNS)
    for path in map(Path, snakemake.output.logs):
        name, _, year = path.stem.rpartition("_")
        of_dataset = [video for video in videos if video.clip.dataset == path.parent.name]
        store.write_text(path, spotting_log.format_log(of_dataset, methods[name], year))
