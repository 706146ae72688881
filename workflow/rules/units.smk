# Methods that recognise action units: leaving one data set out, and leaving one subject of a set out.
from microexpr import protocols
from stages import UNIT_PAIRED, UNIT_TABLES


def unit_inputs(wildcards):
    """Return the stage files that a method learns from, of all subjects, and its first weights."""
    names = RUN.sources(wildcards.protocol)
    signals = [path for stage in UNITS[wildcards.method]["reads"] for path in RUN.per_subject(stage, names)]
    return signals + initial(wildcards.method, wildcards.protocol)


def unit_tables(protocol, ending):
    """Return the evaluations from which the table of a protocol is made."""
    if protocol not in RUN.unit_protocols:
        sets = ", ".join(RUN.unit_sets)
        sys.exit(f"error: params.yaml: units.datasets must have coded clips of two data sets or subjects, not of {sets}")
    return [f"results/units/evaluate/{protocol}/{method}{ending}" for method in UNITS]


use rule pretrain_on_population as units_pretrain with:
    output:
        "results/pretrain/{method}/population_units.safetensors",
    log:
        "work/logs/pretrain/{method}/population_units.log",
    wildcard_constraints:
        method=one_of({network.method for network in FIRST.networks.values() if network.classes == "units"}),
    params:
        # which reads the population's crops where a method asks for action units as they are read
        code=lambda w: code("pretrain_on_population", model(w.method), "signals.aus.regressor"),
        method=lambda w: UNITS[w.method]["population"],
        weights=lambda w: FIRST.published(UNITS[w.method]["population_weights"]),
        population=RUN.recorded,
        protocol=protocols.UNITS,
        units=RUN.unit_labels,
        seed=SEED,


use rule train as units_train with:
    input:
        index=lambda w: RUN.indices(RUN.sources(w.protocol)),
        files=unit_inputs,
    output:
        train="results/units/train/{method}/{protocol}/{shard}.h5",
    log:
        "work/logs/units/train/{method}/{protocol}/{shard}.log",
    wildcard_constraints:
        protocol=one_of(RUN.unit_protocols),
        method=one_of(UNITS),
    priority: lambda w: UNITS[w.method]["priority"]
    resources:
        gpu=lambda w: int(UNITS[w.method]["network"]),
    params:
        code=lambda w: code("train", model(w.method)),
        methods=lambda w: {w.method: UNITS[w.method]["params"]},
        **start(),
        train=lambda w: TRAIN | {"seeds": RUN.seeds(w.protocol)},
        units=RUN.unit_labels,
        folds=lambda w: RUN.fold_options(w.method, w.protocol),
        seed=SEED,


use rule evaluate as units_evaluate with:
    input:
        index=lambda w: RUN.indices(RUN.sources(w.protocol)),
        shards=lambda w: RUN.training_files(w.method, w.protocol),
    output:
        figures="results/units/evaluate/{protocol}/{method}.csv",
        confusion="results/units/evaluate/{protocol}/{method}_confusion.csv",
        predictions="results/units/evaluate/{protocol}/{method}_predictions.csv",
        curve="results/units/evaluate/{protocol}/curves/{method}.csv",
    log:
        "work/logs/units/evaluate/{protocol}/{method}.log",
    wildcard_constraints:
        protocol=one_of(RUN.unit_protocols),
        method=one_of(UNITS),
    params:
        evaluate=PARAMS["evaluate"],
        folds=lambda w: RUN.fold_options(w.method, w.protocol),
        seeds=lambda w: RUN.seeds(w.protocol),
        methods=lambda w: {w.method: UNITS[w.method]["params"]["planted_leak"]},
        seed=SEED,


rule units_table:
    input:
        index=RUN.indices(RUN.unit_sets),
        figures=lambda w: unit_tables(protocols.UNITS, ".csv"),
        predictions=lambda w: unit_tables(protocols.UNITS, "_predictions.csv"),
    output:
        csv=report(UNIT_TABLES[0], caption="../report/units.rst", category="Results"),
        paired=UNIT_PAIRED,
    log:
        "work/logs/units/table.log",
    params:
        protocol=protocols.UNITS,
        resamples=PARAMS["evaluate"]["resamples"],
        seed=SEED,
    script:
        "../scripts/units.py"


use rule units_table as units_loso_table with:
    input:
        index=RUN.indices(RUN.unit_sets),
        figures=lambda w: unit_tables(protocols.UNITS_LOSO, ".csv"),
        predictions=lambda w: unit_tables(protocols.UNITS_LOSO, "_predictions.csv"),
    output:
        csv=UNIT_TABLES[1],
    log:
        "work/logs/units/loso_table.log",
    params:
        protocol=protocols.UNITS_LOSO,
        resamples=PARAMS["evaluate"]["resamples"],
        seed=SEED,


rule all_units:
    input:
        UNIT_TABLES,
