# Pooled figures of each training, the tables of these and of published figures, and which methods differ.
from microexpr.models import pretrained_weights


def evaluated(folder, *left_out):
    """Return the outputs of an evaluation in a folder."""
    files = {kind: f"{folder}/{{method}}{ending}" for kind, ending in EVALUATED.items() if kind not in left_out}
    return {**files, "curve": f"{folder}/curves/{{method}}.csv"}


rule evaluate:
    input:
        index=lambda w: training(w).index,
        shards=lambda w: training(w).files,
    output:
        **evaluated("results/{task}evaluate/{protocol}"),
    log:
        "work/logs/{task}evaluate/{protocol}/{method}.log",
    wildcard_constraints:
        task=TASK_FOLDERS,
        protocol=one_of(name for name in PROTOCOLS if not PROTOCOLS[name].several),
        method=one_of(name for plan in RUN.recognition.values() for name in plan.rows if name not in LEAKY),
    params:
        code=code_of("evaluate"),
        evaluate=PARAMS["evaluate"],
        training=lambda w: pooled(training(w)),
        seed=SEED,
    script:
        "../scripts/evaluate.py"


use rule evaluate as evaluate_several with:  # labels of a clip: no official log has them
    output:
        **evaluated("results/{task}evaluate/{protocol}", "log"),
    wildcard_constraints:
        task=TASK_FOLDERS,
        protocol=one_of(name for name in PROTOCOLS if PROTOCOLS[name].several),


use rule evaluate as evaluate_leaky with:  # methods with a declared leak, which no table reads
    output:
        **evaluated("results/evaluate/leaky/{protocol}"),
    log:
        "work/logs/evaluate/{protocol}/{method}.log",
    wildcard_constraints:
        protocol=ANY_PROTOCOL,
        method=one_of(LEAKY),


# Figures of the faces of held-out subjects that a generator synthesised: those that decide or, for the papers' tables,
# every one (`_all`). FID's weights, for the latter, lie outside of the project.
INCEPTION_FILES = [pretrained_weights.cache_folder() / name for name in pretrained_weights.INCEPTION.files]
INCEPTION = [str(path) for path in INCEPTION_FILES if path.exists()]


rule evaluate_faces:
    input:
        unpack(lambda w: true_faces(training(w).sets)),
        index=lambda w: training(w).index,
        shards=lambda w: training(w).faces,
        weights=lambda w: INCEPTION if w.figures else [],
    output:
        "results/evaluate/{protocol}/{method}{figures}_faces.csv",
    log:
        "work/logs/evaluate/{protocol}/{method}{figures}_faces.log",
    wildcard_constraints:
        protocol=one_of(PLAN.allowed),
        method=one_of(PLAN.synthesising),
        figures="(_all)?",
    params:
        code=code_of("evaluate_faces"),
        evaluate=PARAMS["evaluate"],
        training=lambda w: pooled(training(w)),
        seed=SEED,
        every=lambda w: bool(w.figures),
    script:
        "../scripts/evaluate_faces.py"


def table_rows(plan, table, ending=".csv"):
    """Return the evaluations that a table is made from."""
    try:
        return [row.evaluated(ending) for row in plan.table_rows(table)]
    except MicroexprError as error:
        sys.exit(f"error: {error}")


for _plan in RUN.recognition.values():
    for _table in _plan.task.tables:

        rule:
            name:
                _table
            input:
                figures=lambda w, plan=_plan, table=_table: table_rows(plan, table),
                predictions=lambda w, plan=_plan, table=_table: table_rows(plan, table, "_predictions.csv") if plan.task.floor else [],
                index=CORPUS.indices(CORPUS.sets[_plan.task.name]) if _plan.task.protocols[0].several else [],
            output:  # one job makes both, so that the pairs are of the rows of this table
                csv=report(f"results/{_table}.csv", category="Results"),
                **{name: path for name, path in _plan.task.files(_table).items() if name != "csv"},
                **({"metrics": directory(METRICS)} if _plan is PLAN else {}),
            log:
                f"work/logs/evaluate/{_table}.log",
            params:
                code=code("table", *task_modules(_plan.task.folder, "table")),
                protocol=PROTOCOL if _plan is PLAN else _plan.task.tables[_table][0],
                resamples=PARAMS["evaluate"]["resamples"],
                seed=SEED,
            script:
                "../scripts/table.py"


rule training_sets:
    input:
        lambda w: [path for paths in PLAN.by_training_set.values() for path in paths.values()],
    output:
        TRAINING_SETS_TABLE,
    log:
        "work/logs/evaluate/training_sets.log",
    params:
        code=code_of("training_sets"),
        evaluations=lambda w: PLAN.by_training_set,
    script:
        "../scripts/training_sets.py"


rule appendix:
    input:
        figures=[PLAN.training(name, PROTOCOL).evaluated() for name in PLAN.in_appendix],
    output:
        csv=APPENDIX,
    log:
        "work/logs/evaluate/appendix.log",
    params:
        code=code_of("table"),
        protocol=PROTOCOL,
        reasons=PLAN.in_appendix,
    script:
        "../scripts/table.py"
