# Pooled figures of each method, and the table that lays them beside the published ones.
rule evaluate:
    input:
        index=RUN.indices(RUN.tested),
        shards=lambda w: RUN.trained(w.method),
        code=code("evaluate"),
    output:
        figures="results/evaluate/{protocol}/{method}.csv",
        log="results/evaluate/{protocol}/{method}.log",
    params:
        evaluate=PARAMS["evaluate"],
        seed=SEED,
    log:
        "work/logs/evaluate/{protocol}/{method}.log",
    benchmark:
        "work/times/evaluate/{protocol}/{method}.tsv"
    script:
        "../scripts/evaluate.py"


rule table:
    input:
        figures=expand("results/evaluate/{protocol}/{method}.csv", protocol=PROTOCOL, method=METHODS),
        code=code("table"),
    output:
        csv=report(TABLE, caption="../report/table.rst", category="Results"),
        metrics=METRICS,
    log:
        "work/logs/evaluate/table.log",
    script:
        "../scripts/table.py"


rule all_evaluate:
    input:
        TABLE,
