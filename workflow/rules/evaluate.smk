# Pooled figures of each method, the table that lays them beside the published ones, and which methods differ.
from microexpr.models import pretrained_weights as weights

MADE_FACES = [f"results/evaluate/{PROTOCOL}/{name}_faces.csv" for name in RUN.synthesising if name in RUN.in_table]


def shards(wildcards, methods=()):
    return [path for name in methods or [wildcards.method] for path in RUN.trained(name, wildcards.protocol)]


rule evaluate:
    input:
        index=lambda w: RUN.indices(RUN.sources(w.protocol)),
        shards=shards,
        code=code("evaluate"),
    output:
        figures="results/evaluate/{protocol}/{method}.csv",
        confusion="results/evaluate/{protocol}/{method}_confusion.csv",
        predictions="results/evaluate/{protocol}/{method}_predictions.csv",
        curve="results/evaluate/{protocol}/curves/{method}.csv",
        log="results/evaluate/{protocol}/{method}.log",
    params:
        evaluate=PARAMS["evaluate"],
        folds=lambda w: RUN.limit(w.method, w.protocol),
        seeds=PARAMS["train"]["seeds"],
        methods=lambda w: {w.method: METHODS[w.method]["params"]["planted_leak"]},
        seed=SEED,
    log:
        "work/logs/evaluate/{protocol}/{method}.log",
    benchmark:
        "work/times/evaluate/{protocol}/{method}.tsv"
    wildcard_constraints:
        protocol="|".join(RUN.protocols),
        method=one_of(name for name in RUN.alone if name in RUN.ranked),
    script:
        "../scripts/evaluate.py"


for _study, _names in RUN.studies.items():

    rule:
        name: f"evaluate_{_study}"
        input:
            index=lambda w: RUN.indices(RUN.sources(w.protocol)),
            shards=partial(shards, methods=_names),
            code=code("evaluate"),
        output:
            figures=[f"results/evaluate/{{protocol}}/{name}.csv" for name in _names],
            confusion=[f"results/evaluate/{{protocol}}/{name}_confusion.csv" for name in _names],
            predictions=[f"results/evaluate/{{protocol}}/{name}_predictions.csv" for name in _names],
            curve=[f"results/evaluate/{{protocol}}/curves/{name}.csv" for name in _names],
            log=[f"results/evaluate/{{protocol}}/{name}.log" for name in _names],
        params:
            methods=dict.fromkeys(_names, ""),
            evaluate=PARAMS["evaluate"],
            folds=PARAMS["papers"]["folds"],
            seeds=PARAMS["train"]["seeds"],
            seed=SEED,
        log:
            f"work/logs/evaluate/{{protocol}}/{_study}.log",
        benchmark:
            f"work/times/evaluate/{{protocol}}/{_study}.tsv"
        wildcard_constraints:
            protocol="|".join(RUN.protocols),
        script:
            "../scripts/evaluate.py"


use rule evaluate as evaluate_leaky with:  # what declares a planted leak; no table reads these
    output:
        figures="results/evaluate/leaky/{protocol}/{method}.csv",
        confusion="results/evaluate/leaky/{protocol}/{method}_confusion.csv",
        predictions="results/evaluate/leaky/{protocol}/{method}_predictions.csv",
        curve="results/evaluate/leaky/{protocol}/curves/{method}.csv",
        log="results/evaluate/leaky/{protocol}/{method}.log",
    wildcard_constraints:
        protocol="|".join(RUN.protocols),
        method=one_of(name for name in METHODS if name not in RUN.ranked),


# Figures of the faces that a generator made of held-out people. FID's weights lie outside of the project, if anywhere.
INCEPTION = [str(path) for path in (weights.folder() / name for name in weights.INCEPTION.files) if path.exists()]


rule evaluate_faces:
    input:
        index=lambda w: RUN.indices(RUN.sources(w.protocol)),
        shards=lambda w: RUN.trained(w.method, w.protocol, "synth"),
        true=lambda w: [path for stage in ("faces", "apex") for path in RUN.per_subject(stage, RUN.sources(w.protocol))],
        weights=INCEPTION,
        code=code("evaluate_faces"),
    output:
        "results/evaluate/{protocol}/{method}_faces.csv",
    params:
        evaluate=PARAMS["evaluate"],
        folds=lambda w: RUN.limit(w.method, w.protocol),
        seeds=PARAMS["train"]["seeds"],
        seed=SEED,
    log:
        "work/logs/evaluate/{protocol}/{method}_faces.log",
    benchmark:
        "work/times/evaluate/{protocol}/{method}_faces.tsv"
    wildcard_constraints:
        protocol="|".join(RUN.protocols),
        method=one_of(RUN.synthesising),
    script:
        "../scripts/evaluate_faces.py"


rule table:
    input:
        figures=lambda w: RUN.of_table(".csv"),
        predictions=lambda w: RUN.of_table("_predictions.csv"),
        code=code("table"),
    output:  # of one job: what is said of pairs is of this very table
        csv=report(TABLE, caption="../report/table.rst", category="Results"),
        metrics=directory(METRICS),
        paired=report(PAIRED, caption="../report/paired.rst", category="Results"),
    params:
        protocol=PROTOCOL,
        resamples=PARAMS["evaluate"]["resamples"],
        seed=SEED,
    log:
        "work/logs/evaluate/table.log",
    script:
        "../scripts/table.py"


rule all_evaluate:
    input:
        TABLE,
        PAIRED,
        MADE_FACES,
