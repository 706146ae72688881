# Networks trained once for all folds: on macro-expressions alone, to guide methods; on the population, to start from.
def initial(method, protocol, role="population"):
    """Return the weights that a network starts from; the time of shipped files does not matter."""
    return [path if path in FIRST.networks else ancient(path) for path in FIRST.paths(method, protocol, role)]


def teacher(wildcards):
    """Return the properties of a teacher in its training."""
    return RUN.about(wildcards.method, FIRST.teacher_protocol(wildcards.classes))


rule pretrain:
    input:
        macro=lambda w: RUN.indices(RUN.macro_sets(w.method)),
        files=lambda w: [
            path for stage in METHODS[w.method]["reads"] for path in RUN.per_subject(stage, RUN.macro_sets(w.method))
        ]
        + initial(w.method, FIRST.teacher_protocol(w.classes), "teacher_population"),
    output:
        "results/pretrain/{method}/{classes}.safetensors",
    log:
        "work/logs/pretrain/{method}/{classes}.log",
    wildcard_constraints:
        method=one_of({Path(path).parent.name for path in FIRST.teachers}),
        classes=one_of({Path(path).stem for path in FIRST.teachers}),
    resources:
        gpu=1,
    params:
        code=lambda w: code("pretrain", model(w.method)),
        method=lambda w: teacher(w)["pretraining"],
        weights=lambda w: FIRST.published(teacher(w)["weights"]),
        initial=lambda w: FIRST.digests(w.method, FIRST.teacher_protocol(w.classes), "teacher_population"),
        protocol=lambda w: FIRST.teacher_protocol(w.classes),
        seed=SEED,
    script:
        "../scripts/pretrain.py"


rule pretrain_on_population:
    input:
        files=RUN.population_training_files,
    output:
        "results/pretrain/{method}/{role}_{classes}.safetensors",
    log:
        "work/logs/pretrain/{method}/{role}_{classes}.log",
    wildcard_constraints:
        method=one_of({network.method for network in FIRST.networks.values()}),
        role="population|teacher_population",
        classes=one_of(RUN.protocol_of_classes),
    resources:
        gpu=1,
    params:
        code=lambda w: code("pretrain_on_population", model(w.method)),
        method=lambda w: FIRST.about(w.method, w.classes, w.role),
        weights=lambda w: FIRST.published(FIRST.about(w.method, w.classes, "population_weights")),
        population=RUN.recorded,
        protocol=lambda w: RUN.protocol_of_classes[w.classes],
        seed=SEED,
    script:
        "../scripts/pretrain_on_population.py"


rule all_pretrain:
    input:
        sorted(RUN.table_outputs["pretrain"]),
