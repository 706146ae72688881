# Networks trained once more, on all clips: for other faces, not for any table. They are no part of the default target.
rule refit:
    input:
        index=lambda w: RUN.indices(RUN.sources(PROTOCOL)) if w.method in RUN.networks else [],
        macro=lambda w: RUN.indices(RUN.macro_sets(w.method)),
        files=lambda w: training_inputs(w) if w.method in RUN.networks else [],  # others are refused at once
    output:
        "results/refit/{method}.safetensors",
    log:
        "work/logs/refit/{method}.log",
    wildcard_constraints:
        method=one_of(RUN.in_table),
    resources:
        gpu=1,
    params:
        code=lambda w: code("refit", model(w.method)),
        method=lambda w: METHODS[w.method]["params"],
        **start(),
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


rule all_refit:
    input:
        [RUN.refit_file(name) for name in (*RUN.networks, *RUN.refit_generators)],
