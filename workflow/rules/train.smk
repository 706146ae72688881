# All folds of a method in one job per shard. A method that synthesises faces writes them there too.
from functools import partial


def training_inputs(wildcards, methods=()):
    """Return the stage files that methods learn from, of all subjects of the protocol's and the macro sets, and the
    networks that guide them."""
    protocol, files = wildcards.get("protocol", PROTOCOL), set()
    for method in methods or [wildcards.method]:
        names = RUN.sources(protocol) + RUN.macro_sets(method)
        files |= {path for stage in METHODS[method]["reads"] for path in RUN.per_subject(stage, names)}
        files |= {*FIRST.teacher_paths(method, protocol), *initial(method, protocol)}
    return sorted(files)


def start(method=""):
    """Return the params of a training that change with its first weights: digests of published and of shipped ones."""

    def of_wildcards(w):
        return method or w.method, w.get("protocol", PROTOCOL)

    return {
        "weights": lambda w: FIRST.published(RUN.about(*of_wildcards(w))["weights"]),
        "initial": lambda w: FIRST.digests(*of_wildcards(w)),
    }


# How often a checkpoint is written changes no result, so it reruns nothing: scripts read it from the config. Folds
# are a separate param.
TRAIN = {key: value for key, value in PARAMS["train"].items() if key not in ("checkpoint_minutes", "rendered_folds")}


rule train:
    input:
        index=lambda w: RUN.indices(RUN.sources(w.protocol)),
        macro=lambda w: RUN.indices(RUN.macro_sets(w.method)),
        files=training_inputs,
        synthetic=lambda w: RUN.synthetic_inputs(w.method, w.protocol),
    output:
        train="results/train/{method}/{protocol}/{shard}.h5",
    log:
        "work/logs/train/{method}/{protocol}/{shard}.log",
    wildcard_constraints:
        protocol="|".join(RUN.protocols),
        method=one_of(name for name in TRAINED if name in RUN.outside_studies),
    priority: lambda w: METHODS[w.method]["priority"]
    resources:
        gpu=lambda w: int(METHODS[w.method]["network"]),
    params:
        code=lambda w: code("train", model(w.method)),
        methods=lambda w: {w.method: RUN.about(w.method, w.protocol)["params"]},
        **start(),
        train=lambda w: TRAIN | {"seeds": RUN.seeds(w.protocol)},
        folds=lambda w: RUN.fold_options(w.method, w.protocol),
        seed=SEED,
    script:
        "../scripts/train.py"


use rule train as train_generator with:
    output:
        train="results/train/{method}/{protocol}/{shard}.h5",
        synth="results/train/{method}/{protocol}/faces/{shard}.h5",
    wildcard_constraints:
        protocol="|".join(RUN.protocols),
        method=one_of(SYNTHESISING),
    priority: 1  # other trainings wait for its faces
    params:
        code=lambda w: code("train", model(w.method)),
        methods=lambda w: {w.method: RUN.about(w.method, w.protocol)["params"]},
        **start(),
        train=lambda w: TRAIN | {"seeds": RUN.seeds(w.protocol)},
        synth={name: PARAMS["synthesise"][name] for name in ("per_class", "displays")},
        folds=lambda w: RUN.fold_options(w.method, w.protocol),
        seed=SEED,


for _study, _names in RUN.studies.items():  # each of several rows of papers' tables, in one job

    rule:
        name:
            f"train_{_study}"
        input:
            index=lambda w: RUN.indices(RUN.sources(w.protocol)),
            macro=RUN.indices({name for method in _names for name in RUN.macro_sets(method)}),
            files=partial(training_inputs, methods=_names),
        output:
            train=[f"results/train/{name}/{{protocol}}/{{shard}}.h5" for name in _names],
        log:
            f"work/logs/train/{_study}/{{protocol}}/{{shard}}.log",
        wildcard_constraints:
            protocol="|".join(RUN.protocols),
        resources:
            gpu=1,
        params:
            code=code("train", model(_names[0])),
            methods=partial(lambda w, names: {name: RUN.about(name, w.protocol)["params"] for name in names}, names=_names),
            **start(_names[0]),
            train=lambda w: TRAIN | {"seeds": RUN.seeds(w.protocol)},
            folds=partial(lambda w, name: RUN.fold_options(name, w.protocol), name=_names[0]),
            seed=SEED,
        script:
            "../scripts/train.py"


rule all_train:
    input:
        [path for name in PARAMS["methods"] for path in RUN.training_files(name, PROTOCOL)],


for _method in PARAMS["methods"]:

    rule:
        name:
            f"train_{_method}"
        input:
            RUN.training_files(_method, PROTOCOL),
