# One row per clip, read by the data set's loader and compared with what the DAG was built from; whether it has a face.
# A licensed annotation is no input: the rows hold everything of it that matters.
from microexpr.tasks.run import ABLATION_INDEX


def native_files(wildcards):
    subjects = [subject for dataset, subject in CORPUS.subjects if dataset == wildcards.dataset]
    folders = [folder for subject in subjects for folder in CORPUS.native_paths(wildcards.dataset, subject)]
    return folders + CORPUS.annotations(wildcards.dataset)


rule index:
    input:
        native=native_files,
        faces=lambda w: CORPUS.per_subject("faces", [w.dataset]),
    output:
        "results/index/{dataset}.csv",
    log:
        "work/logs/index/{dataset}.log",
    params:
        code=code_of("index"),
        rows=lambda w: [clip.row() for clip in CORPUS.clips[w.dataset]],
        index=PARAMS["index"],
    script:
        "../scripts/index.py"


rule index_population:  # of the rendered subjects that papers' tables train on
    output:
        ABLATION_INDEX,
    log:
        "work/logs/index/population.log",
    params:
        code=code_of("index_population"),
        rows=lambda w: [clip.row() for clip in CORPUS.ablation_clips],
    script:
        "../scripts/index_population.py"
