# One row per clip, read by the data set's loader and held to what the DAG was built with; and whether it has a face.
# A licensed annotation is no input: whatever of it matters is in the rows.
def everything_native(wildcards):
    people = [folder for one in RUN.subjects if one[0] == wildcards.dataset for folder in RUN.native_paths(*one)]
    return people + RUN.annotations(wildcards.dataset)


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
        sorted(RUN.expected_outputs["index"]),
