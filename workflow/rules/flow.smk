# Optical flow and strain from onset to apex.
rule flow:
    input:
        faces="results/faces/{dataset}/{subject}.h5",
        apex="results/apex/{dataset}/{subject}.h5",
    output:
        "results/flow/{dataset}/{subject}.h5",
    log:
        "work/logs/flow/{dataset}/{subject}.log",
    params:
        code=code_of("flow"),
        rows=rows,
        flow=PARAMS["flow"],
    script:
        "../scripts/flow.py"
