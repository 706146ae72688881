# One row per clip, read by the data set's loader and held to what the DAG was built with.
def everything_native(wildcards):
    dataset = wildcards.dataset
    root = datasets.root(dataset, ORIGIN[dataset])
    if ORIGIN[dataset] == "licensed":
        return [str(root / clip.folder) for clip in CLIPS[dataset]] + sorted(map(str, root.rglob("*.xlsx")))
    folders = [str(root / layouts.SUBJECTS[d].format(subject=s)) for d, s in SUBJECTS if d == dataset]
    return folders + [str(root / file) for file in layouts.WORKBOOKS[dataset]]


rule index:
    input:
        native=everything_native,
        code=code("index"),
    output:
        "results/index/{dataset}.csv",
    params:
        rows=lambda w: [clip.row() for clip in CLIPS[w.dataset]],
        index=PARAMS["index"],
    log:
        "work/logs/index/{dataset}.log",
    benchmark:
        "work/times/index/{dataset}.tsv"
    script:
        "../scripts/index.py"


rule all_index:
    input:
        expand("results/index/{dataset}.csv", dataset=ORIGIN),
