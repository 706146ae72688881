# Networks trained once more, on all clips: for other faces, not for any table. They are no part of the default target.
rule refit:
    input:
        # others are refused at once
        unpack(lambda w: training(w).signals if w.method in PLAN.networks else {}),
        index=lambda w: training(w).index if w.method in PLAN.networks else [],
        macro=lambda w: training(w).macro_index,
        teacher=lambda w: FIRST.teacher_paths(training(w)),
        initial=lambda w: initial(training(w)) if w.method in PLAN.networks else [],
    output:
        "results/refit/{method}.safetensors",
    log:
        "work/logs/refit/{method}.log",
    wildcard_constraints:
        method=one_of(PLAN.in_table),
    resources:
        gpu=1,
        **TRAINING,
    params:
        code=code_of("refit"),
        method=lambda w: METHODS[w.method].params,
        weights=lambda w: FIRST.published(training(w).about.weights),
        initial=lambda w: FIRST.digests(training(w)),
        protocol=PROTOCOL,
        seed=SEED,
    script:
        "../scripts/refit.py"


# Generators of clips, trained once more on all subjects.
use rule synthesise as refit_generator with:
    output:
        "results/refit/{generator}.safetensors",
    log:
        "work/logs/refit/{generator}.log",
