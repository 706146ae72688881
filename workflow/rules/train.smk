# All folds of a method in one job per shard. A generator that is itself a method writes its faces from the same job.
def learned_from(wildcards):
    """The stage files that a method's inputs are derived from, all subjects of the protocol's and its macro sets; and
    the network that guides it."""
    method, protocol = wildcards.method, wildcards.get("protocol", PROTOCOL)
    names = RUN.sources(protocol) + RUN.auxiliary(method)
    files = [path for stage in METHODS[method]["reads"] for path in RUN.per_subject(stage, names)]
    return files + RUN.taught(method, protocol)


# How often a checkpoint is written changes no result, so it reruns nothing: scripts read it from the config.
TRAIN = {key: value for key, value in PARAMS["train"].items() if key != "checkpoint_minutes"}


rule train:
    input:
        index=lambda w: RUN.indices(RUN.sources(w.protocol)),
        macro=lambda w: RUN.indices(RUN.auxiliary(w.method)),
        files=learned_from,
        synthetic=lambda w: RUN.made_for(w.method, w.protocol),
        code=lambda w: code("train", model(w.method)),
    output:
        train="results/train/{method}/{protocol}/{shard}.h5",
    params:
        method=lambda w: METHODS[w.method]["params"],
        weights=lambda w: RUN.weights[w.method],  # put there, or taken away, they rerun whoever starts from them
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
        weights=lambda w: RUN.weights[w.method],  # put there, or taken away, they rerun whoever starts from them
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
