# Optical flow and strain from onset to apex.
rule flow:
    input:
        faces="results/faces/{dataset}/{subject}.h5",
        apex="results/apex/{dataset}/{subject}.h5",
        code=code("flow"),
    output:
        "results/flow/{dataset}/{subject}.h5",
    params:
        rows=rows,
        flow=PARAMS["flow"],
    log:
        "work/logs/flow/{dataset}/{subject}.log",
    benchmark:
        "work/times/flow/{dataset}/{subject}.tsv"
    script:
        "../scripts/flow.py"


rule all_flow:
    input:
        sorted(RUN.expected_outputs["flow"]),
