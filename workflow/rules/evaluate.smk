# Pooled figures of each method, and the table that lays them beside the published ones.
rule evaluate:
    input:
        index=expand("results/index/{dataset}.csv", dataset=ORIGIN),
        shards=expand("results/train/{{method}}/{{protocol}}/{shard}.h5", shard=SHARDS),
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
        figures=expand("results/evaluate/{protocol}/{method}.csv", protocol=PROTOCOL.name, method=METHODS),
        code=code("table"),
        published="src/microexpr/published.csv",
    output:
        csv=report("results/megc2019_table.csv", caption="../report/table.rst", category="Results"),
        metrics="results/metrics.json",
    log:
        "work/logs/evaluate/table.log",
    script:
        "../scripts/table.py"


rule all_evaluate:
    input:
        "results/megc2019_table.csv",
