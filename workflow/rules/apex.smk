# Onset, apex and offset: annotated or spotted.
rule apex:
    input:
        faces="results/faces/{dataset}/{subject}.h5",
    output:
        "results/apex/{dataset}/{subject}.h5",
    log:
        "work/logs/apex/{dataset}/{subject}.log",
    params:
        code=code_of("apex"),
        rows=rows,
        apex=PARAMS["apex"],
    script:
        "../scripts/apex.py"
