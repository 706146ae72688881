# One row per clip, read by the data set's loader and held to what the DAG was built with; and whether it has a face.
def everything_native(wildcards):
    dataset = wildcards.dataset
    if dataset in RUN.planned:
        people = [folder for one in RUN.subjects if one[0] == dataset for folder in RUN.person(*one)]
        return people + RUN.annotations(dataset)
    root = Path("data/raw") / dataset
    books = [path for path in root.glob("**/*") if path.suffix.lower() == ".xlsx" and not path.name.startswith("~$")]
    return [str(root / clip.folder) for clip in RUN.clips[dataset]] + sorted(map(str, books))


rule index:
    input:
        native=everything_native,
        faces=lambda w: RUN.per_subject("faces", [w.dataset]),
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
