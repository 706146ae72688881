"""Questions on the clips or long videos of a data set, with true answers and without."""

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.core.clip import LongVideo
    from microexpr.datasets import index
    from microexpr.evaluation.questions import lines

    videos, outputs = [LongVideo.from_row(row) for row in snakemake.params.videos], snakemake.output
    requests = lines.of_videos(videos) if videos else lines.of_clips(index.read_all(snakemake.input.index))
    store.write_text(outputs.true, lines.text(requests, [line.answer for line in requests]))
    store.write_text(outputs.to_answer, lines.to_answer(requests, snakemake.params.places))
