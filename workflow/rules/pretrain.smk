# Networks trained once for all folds: on macro-expressions alone, to guide methods; on the population, to start from.
from microexpr.tasks.first_weights import Network


def teacher(wildcards):
    """Return a training that a teacher guides."""
    return FIRST.teachers[f"results/pretrain/{wildcards.method}/{wildcards.classes}.safetensors"]


def modules_of_classes(classes):
    """Return the modules that a training on the population with these classes follows from, next to the network's."""
    if classes not in TASKS:
        return []
    return [*task_modules(TASKS[classes].folder), "signals.aus.regressor"]  # reads the action units of crops


rule pretrain:
    input:
        unpack(lambda w: CORPUS.signals(METHODS[w.method].reads, PLAN.macro_sets(w.method))),
        macro=lambda w: CORPUS.indices(PLAN.macro_sets(w.method)),
        initial=lambda w: initial(teacher(w), "teacher_population"),
    output:
        "results/pretrain/{method}/{classes}.safetensors",
    log:
        "work/logs/pretrain/{method}/{classes}.log",
    wildcard_constraints:
        method=one_of({Path(path).parent.name for path in FIRST.teachers}),
        classes=one_of({Path(path).stem for path in FIRST.teachers}),
    resources:
        gpu=1,
        **TRAINING,
    params:
        code=code_of("pretrain"),
        method=lambda w: teacher(w).about.pretraining,
        weights=lambda w: FIRST.published(teacher(w).about.weights),
        initial=lambda w: FIRST.digests(teacher(w), "teacher_population"),
        protocol=lambda w: teacher(w).protocol.name,
        seed=SEED,
    script:
        "../scripts/pretrain.py"


rule pretrain_on_population:
    input:
        population=CORPUS.population_files["training"],
    output:
        "results/pretrain/{method}/{role}_{classes}.safetensors",
    log:
        "work/logs/pretrain/{method}/{role}_{classes}.log",
    wildcard_constraints:
        method=one_of({network.method for network in FIRST.networks.values()}),
        role="population|teacher_population",
        classes=one_of(FIRST.protocol_of_classes),
    resources:
        gpu=1,
        **TRAINING,
    params:
        code=lambda w: code_of("pretrain_on_population", *modules_of_classes(w.classes))(w),
        method=lambda w: FIRST.params(Network(w.method, w.classes, w.role)),
        weights=lambda w: FIRST.published(FIRST.row(w.method, w.classes).population_weights),
        population=CORPUS.recorded,
        protocol=lambda w: FIRST.protocol_of_classes[w.classes],
        units=lambda w: RUN.labels(FIRST.protocol_of_classes[w.classes]),
        seed=SEED,
    script:
        "../scripts/pretrain_on_population.py"
