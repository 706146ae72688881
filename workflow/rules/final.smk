# A network trained once more, on all clips: for other people's faces, not for any figure here. Made only when asked for.
rule final:
    input:
        index=lambda w: RUN.indices(RUN.sources(PROTOCOL)) if w.method in RUN.networks else [],
        macro=lambda w: RUN.indices(RUN.macro_sets(w.method)),
        files=lambda w: training_inputs(w) if w.method in RUN.networks else [],  # others are refused at once
        code=lambda w: code("final", model(w.method)),
    output:
        "results/final/{method}.safetensors",
    params:
        method=lambda w: METHODS[w.method]["params"],
        weights=lambda w: RUN.weights[w.method],
        protocol=PROTOCOL,
        seed=SEED,
    log:
        "work/logs/final/{method}.log",
    benchmark:
        "work/times/final/{method}.tsv"
    resources:
        gpu=1,
    wildcard_constraints:
        method=one_of(RUN.in_table),
    script:
        "../scripts/final.py"


# The same of generators of clips, of which none knows a fold.
use rule synth as final_generator with:
    output:
        "results/final/{generator}.safetensors",
    log:
        "work/logs/final/{generator}.log",
    benchmark:
        "work/times/final/{generator}.tsv"


rule all_final:
    input:
        [RUN.final(name) for name in (*RUN.networks, *RUN.final_generators)],
