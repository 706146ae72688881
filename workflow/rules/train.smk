# All folds of a method in one job per shard. A generator that is itself a method writes its faces from the same job.
def learned_from(wildcards):
    """The stage files that a method's inputs are derived from, all subjects of the protocol's data sets."""
    names = RUN.sources(wildcards.get("protocol", PROTOCOL))
    return [path for stage in METHODS[wildcards.method]["reads"] for path in RUN.per_subject(stage, names)]


# How often a checkpoint is written changes no result, so it reruns nothing: scripts read it from the config.
TRAIN = {key: value for key, value in PARAMS["train"].items() if key != "checkpoint_minutes"}


rule train:
    input:
        index=lambda w: RUN.indices(RUN.sources(w.protocol)),
        files=learned_from,
        code=lambda w: code("train", model(w.method)),
    output:
        train="results/train/{method}/{protocol}/{shard}.h5",
    params:
        method=lambda w: METHODS[w.method]["params"],
        train=TRAIN,
        folds=lambda w: RUN.limit(w.protocol),
        seed=SEED,
    log:
        "work/logs/train/{method}/{protocol}/{shard}.log",
    benchmark:
        "work/times/train/{method}/{protocol}/{shard}.tsv"
    resources:
        gpu=1,
        mem_mb=2000,
    wildcard_constraints:
        protocol="|".join(RUN.protocols),
        method=one_of(TRAINED),
    script:
        "../scripts/train.py"


use rule train as train_synth with:
    output:
        train="results/train/{method}/{protocol}/{shard}.h5",
        synth="results/synth/{method}/{protocol}/{shard}.h5",
    params:
        method=lambda w: METHODS[w.method]["params"],
        train=TRAIN,
        synth=PARAMS["synth"],
        folds=lambda w: RUN.limit(w.protocol),
        seed=SEED,
    wildcard_constraints:
        protocol="|".join(RUN.protocols),
        method=one_of(SYNTHESISING),


rule all_train:
    input:
        [path for name in PARAMS["methods"] for path in RUN.trained(name, PROTOCOL)],


for _method in PARAMS["methods"]:

    rule:
        name: f"train_{_method}"
        input:
            RUN.trained(_method, PROTOCOL),
