"""Figures of all answerers of questions, the table, and their answers."""

from adapter import logged

with logged() as snakemake:
    from pathlib import Path

    from microexpr.apps import answer
    from microexpr.core import store
    from microexpr.core.clip import LongVideo
    from microexpr.datasets import index
    from microexpr.evaluation import spotting
    from microexpr.evaluation.questions import answerers, lines
    from microexpr.reporting.table import csv_text
    from microexpr.tasks.questions import table

    values, files, outputs = snakemake.params, snakemake.input, snakemake.output
    videos = [LongVideo.from_row(row) for row in values.videos]
    true = [line for path in files.true for line in lines.read(Path(path), answered=True)]
    exam = answerers.Answerers(true, index.read_all(files.index), videos)
    exam.guess()
    exam.measured({clip: facts for path in files.measured for clip, facts in answer.read(path, exam.clips).items()})
    for answer_by, rows in ((exam.classes, values.classes), (exam.units, values.units)):
        for name, learnt_from, path in rows:
            answer_by(name, learnt_from, path)
    for path in files.found:
        exam.spotted(*spotting.read(path, videos))
    for name, paths in values.programs.items():
        exam.program(name, [line for path in paths for line in lines.read(Path(path), answered=True)])
    figures = exam.rows(values.resamples)
    store.write_csv(outputs.csv, table.COLUMNS, table.rows(figures))
    store.write_text(outputs.figures, csv_text(answerers.COLUMNS, figures))
    for name, text in exam.texts():
        store.write_text(Path(outputs.answers, f"{name}.jsonl"), text)
