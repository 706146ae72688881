# Pooled figures of each method, the table of these and of published figures, and which methods differ.
from microexpr.models import pretrained_weights

SYNTHESISED_FACES = [
    f"results/evaluate/{PROTOCOL}/{name}_faces.csv" for name in RUN.synthesising if name in RUN.in_table
]


def shards(wildcards, methods=()):
    return [path for name in methods or [wildcards.method] for path in RUN.training_files(name, wildcards.protocol)]


rule evaluate:
    input:
        index=lambda w: RUN.indices(RUN.sources(w.protocol)),
        shards=shards,
    output:
        figures="results/evaluate/{protocol}/{method}.csv",
        confusion="results/evaluate/{protocol}/{method}_confusion.csv",
        predictions="results/evaluate/{protocol}/{method}_predictions.csv",
        curve="results/evaluate/{protocol}/curves/{method}.csv",
        log="results/evaluate/{protocol}/{method}.log",
    log:
        "work/logs/evaluate/{protocol}/{method}.log",
    wildcard_constraints:
        protocol="|".join(RUN.protocols),
        method=one_of(name for name in RUN.outside_studies if name in RUN.ranked),
    params:
        evaluate=PARAMS["evaluate"],
        folds=lambda w: RUN.fold_options(w.method, w.protocol),
        seeds=lambda w: RUN.seeds(w.protocol),
        methods=lambda w: {w.method: METHODS[w.method]["params"]["planted_leak"]},
        seed=SEED,
    script:
        "../scripts/evaluate.py"


for _study, _names in RUN.studies.items():

    rule:
        name:
            f"evaluate_{_study}"
        input:
            index=lambda w: RUN.indices(RUN.sources(w.protocol)),
            shards=partial(shards, methods=_names),
        output:
            figures=[f"results/evaluate/{{protocol}}/{name}.csv" for name in _names],
            confusion=[f"results/evaluate/{{protocol}}/{name}_confusion.csv" for name in _names],
            predictions=[f"results/evaluate/{{protocol}}/{name}_predictions.csv" for name in _names],
            curve=[f"results/evaluate/{{protocol}}/curves/{name}.csv" for name in _names],
            log=[f"results/evaluate/{{protocol}}/{name}.log" for name in _names],
        log:
            f"work/logs/evaluate/{{protocol}}/{_study}.log",
        wildcard_constraints:
            protocol="|".join(RUN.protocols),
        params:
            methods=dict.fromkeys(_names, ""),
            evaluate=PARAMS["evaluate"],
            folds=partial(lambda w, name: RUN.fold_options(name, w.protocol), name=_names[0]),
            seeds=lambda w: RUN.seeds(w.protocol),
            seed=SEED,
        script:
            "../scripts/evaluate.py"


use rule evaluate as evaluate_leaky with:  # methods with a declared leak, which no table reads
    output:
        figures="results/evaluate/leaky/{protocol}/{method}.csv",
        confusion="results/evaluate/leaky/{protocol}/{method}_confusion.csv",
        predictions="results/evaluate/leaky/{protocol}/{method}_predictions.csv",
        curve="results/evaluate/leaky/{protocol}/curves/{method}.csv",
        log="results/evaluate/leaky/{protocol}/{method}.log",
    wildcard_constraints:
        protocol="|".join(RUN.protocols),
        method=one_of(name for name in METHODS if name not in RUN.ranked),


# Figures of the faces of held-out subjects that a generator synthesised: those that decide or, for the papers' tables,
# every one (`_all`). FID's weights, for the latter, lie outside of the project.
INCEPTION_FILES = [pretrained_weights.cache_folder() / name for name in pretrained_weights.INCEPTION.files]
INCEPTION = [str(path) for path in INCEPTION_FILES if path.exists()]


rule evaluate_faces:
    input:
        index=lambda w: RUN.indices(RUN.sources(w.protocol)),
        shards=lambda w: RUN.face_files(w.method, w.protocol),
        true=lambda w: [path for stage in ("faces", "apex") for path in RUN.per_subject(stage, RUN.sources(w.protocol))],
        weights=lambda w: INCEPTION if w.figures else [],
    output:
        "results/evaluate/{protocol}/{method}{figures}_faces.csv",
    log:
        "work/logs/evaluate/{protocol}/{method}{figures}_faces.log",
    wildcard_constraints:
        protocol="|".join(RUN.protocols),
        method=one_of(RUN.synthesising),
        figures="(_all)?",
    params:
        evaluate=PARAMS["evaluate"],
        folds=lambda w: RUN.fold_options(w.method, w.protocol),
        seeds=lambda w: RUN.seeds(w.protocol),
        seed=SEED,
        every=lambda w: bool(w.figures),
    script:
        "../scripts/evaluate_faces.py"


rule evaluate_clips:
    input:
        index=lambda w: RUN.indices(RUN.generator_sets(w.generator)),
        clips=lambda w: RUN.synthetic_clips(w.generator),
        true=lambda w: [
            path for stage in ("faces", "apex") for path in RUN.per_subject(stage, RUN.generator_sets(w.generator))
        ],
    output:
        "results/evaluate/clips/{generator}.csv",
    log:
        "work/logs/evaluate/clips/{generator}.log",
    wildcard_constraints:
        generator=one_of(RUN.generators),
    params:
        evaluate=PARAMS["evaluate"],
        seed=SEED,
    script:
        "../scripts/evaluate_clips.py"


rule table:
    input:
        figures=lambda w: RUN.table_inputs(".csv"),
        predictions=lambda w: RUN.table_inputs("_predictions.csv"),
    output:  # by one job, so that the pairs are those of this table
        csv=report(TABLE, caption="../report/table.rst", category="Results"),
        metrics=directory(METRICS),
        paired=report(PAIRED, caption="../report/paired.rst", category="Results"),
    log:
        "work/logs/evaluate/table.log",
    params:
        protocol=PROTOCOL,
        resamples=PARAMS["evaluate"]["resamples"],
        seed=SEED,
    script:
        "../scripts/table.py"


rule training_sets:
    input:
        [path for paths in RUN.training_set_inputs.values() for path in paths.values()],
    output:
        TRAINING_SETS_TABLE,
    log:
        "work/logs/evaluate/training_sets.log",
    params:
        evaluations=RUN.training_set_inputs,
    script:
        "../scripts/training_sets.py"


use rule table as appendix with:
    input:
        figures=[f"results/evaluate/{PROTOCOL}/{name}.csv" for name in RUN.in_appendix],
    output:
        csv=APPENDIX,
    log:
        "work/logs/evaluate/appendix.log",
    params:
        reasons=RUN.in_appendix,


rule all_evaluate:
    input:
        TABLE,
        PAIRED,
        SYNTHESISED_FACES,
