"""The annotation workbooks of a generated corpus."""

from pathlib import Path

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr.clip import Clip
    from microexpr.generated.layouts import write_workbook

    clips = [Clip.of(row) for row in snakemake.params.rows]
    for path in snakemake.output:
        write_workbook(Path(path), clips[0].dataset, clips)
