# One row per clip, read by the data set's loader and held to what the DAG was built with.
def everything_native(wildcards):
    dataset = wildcards.dataset
    if dataset in RUN.planned:
        people = [folder for one in RUN.subjects if one[0] == dataset for folder in RUN.person(*one)]
        return people + RUN.annotations(dataset)
    root = Path("data/raw") / dataset
    return [str(root / clip.folder) for clip in RUN.clips[dataset]] + sorted(map(str, root.glob("**/*.xlsx")))


rule index:
    input:
        native=everything_native,
        code=code("index"),
    output:
        "results/index/{dataset}.csv",
    params:
        rows=lambda w: [clip.row() for clip in RUN.clips[w.dataset]],
        index=PARAMS["index"],
    log:
        "work/logs/index/{dataset}.log",
    benchmark:
        "work/times/index/{dataset}.tsv"
    script:
        "../scripts/index.py"


rule all_index:
    input:
        sorted(RUN.belongs()["index"]),
