# Intensities of 17 action units per frame and side.
rule aus:
    input:
        faces="results/faces/{dataset}/{subject}.h5",
        apex="results/apex/{dataset}/{subject}.h5",
        code=code("aus"),
    output:
        "results/aus/{dataset}/{subject}.h5",
    params:
        rows=rows,
        aus=PARAMS["aus"],
    log:
        "work/logs/aus/{dataset}/{subject}.log",
    benchmark:
        "work/times/aus/{dataset}/{subject}.tsv"
    script:
        "../scripts/aus.py"


rule all_aus:
    input:
        sorted(RUN.belongs()["aus"]),
