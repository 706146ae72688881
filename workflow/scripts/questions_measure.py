"""Measurements in one subject's clips, by which `microexpr answer` answers questions on them."""

from adapter import logged, logger

with logged() as snakemake:
    from pathlib import Path

    from microexpr.apps import answer
    from microexpr.apps.predict import Models
    from microexpr.core.clip import Clip

    clips = [Clip.from_row(row) for row in snakemake.params.rows]
    for note in answer.write(snakemake.output[0], clips, Models.load(None, Path())):
        logger.info("left out: %s", note)
