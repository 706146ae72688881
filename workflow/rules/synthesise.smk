# Generators of clips, trained once without each group of subjects. All protocols share their clips.


rule synthesise:
    input:
        unpack(lambda w: GENERATORS.signals(w.generator)),
        index=lambda w: CORPUS.indices(GENERATORS.sets(w.generator)),
        macro=lambda w: CORPUS.indices(GENERATORS.still_sets(w.generator)),
        initial=lambda w: FIRST.of_generator(w.generator),
    output:
        clips="results/synthesise/{generator}/groups/{group}.h5",
        generator="results/synthesise/{generator}/groups/{group}.safetensors",
    log:
        "work/logs/synthesise/{generator}/{group}.log",
    wildcard_constraints:
        generator=one_of(GENERATORS.rows),
        group=one_of(sorted({fold.name for name in GENERATORS.rows for fold in GENERATORS.groups(name)})),
    priority: 1  # a training waits for its clips
    resources:
        gpu=1,
        **TRAINING,
    params:
        code=code_of("synthesise"),
        generator=lambda w: GENERATORS.rows[w.generator].params,
        synth=PARAMS["synthesise"],
        seed=SEED,
    script:
        "../scripts/synthesise.py"


rule evaluate_clips:
    input:
        unpack(lambda w: true_faces(GENERATORS.sets(w.generator))),
        index=lambda w: CORPUS.indices(GENERATORS.sets(w.generator)),
        clips=lambda w: GENERATORS.clips(w.generator),
    output:
        "results/evaluate/clips/{generator}.csv",
    log:
        "work/logs/evaluate/clips/{generator}.log",
    wildcard_constraints:
        generator=one_of(GENERATORS.rows),
    params:
        code=code_of("evaluate_clips"),
        evaluate=PARAMS["evaluate"],
        seed=SEED,
    script:
        "../scripts/evaluate_clips.py"


for _generator in GENERATORS.rows:

    rule:
        name:
            f"synthesise_{_generator}"
        input:
            GENERATORS.clips(_generator),
