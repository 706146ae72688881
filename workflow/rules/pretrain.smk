# Networks trained on macro-expressions alone, once for all folds of the methods that they guide.
rule pretrain:
    input:
        macro=lambda w: RUN.indices(RUN.macro_sets(w.method)),
        files=lambda w: [
            path for stage in METHODS[w.method]["reads"] for path in RUN.per_subject(stage, RUN.macro_sets(w.method))
        ],
    output:
        "results/pretrain/{method}/{classes}.safetensors",
    log:
        "work/logs/pretrain/{method}/{classes}.log",
    benchmark:
        "work/times/pretrain/{method}/{classes}.tsv"
    wildcard_constraints:
        method=one_of(RUN.teachers),
        classes=one_of(RUN.protocol_of_classes),
    resources:
        gpu=1,
    params:
        code=lambda w: code("pretrain", model(w.method)),
        method=lambda w: METHODS[w.method]["pretraining"],
        weights=lambda w: RUN.weights[w.method],
        protocol=lambda w: RUN.protocol_of_classes[w.classes],
        seed=SEED,
    script:
        "../scripts/pretrain.py"


rule all_pretrain:
    input:
        sorted({path for name in RUN.in_table for path in RUN.teacher_checkpoints(name, PROTOCOL)}),
