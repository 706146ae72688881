# Generators of clips, trained once without each group of subjects. All protocols share their clips.
rule synthesise:
    input:
        index=lambda w: RUN.indices(RUN.generator_sets(w.generator)),
        macro=lambda w: RUN.indices(RUN.still_sets(w.generator)),
        files=lambda w: [
            path
            for stage in RUN.generators[w.generator]["reads"]
            for path in RUN.per_subject(stage, RUN.generator_sets(w.generator) + RUN.still_sets(w.generator))
        ]
        + FIRST.of_generator(w.generator),
    output:
        clips="results/synthesise/{generator}/groups/{group}.h5",
        generator="results/synthesise/{generator}/groups/{group}.safetensors",
    log:
        "work/logs/synthesise/{generator}/{group}.log",
    wildcard_constraints:
        generator=one_of(RUN.generators),
        group=one_of(sorted({fold.name for name in RUN.generators for fold in RUN.groups(name)})),
    priority: 1  # a training waits for its clips
    resources:
        gpu=1,
    params:
        code=lambda w: code("synthesise", f"models.generators.{w.generator}"),
        generator=lambda w: RUN.generators[w.generator]["params"],
        synth=PARAMS["synthesise"],
        seed=SEED,
    script:
        "../scripts/synthesise.py"


rule all_synthesise:
    input:
        [path for name in RUN.generators for path in RUN.synthetic_clips(name)],


for _generator in RUN.generators:

    rule:
        name:
            f"synthesise_{_generator}"
        input:
            RUN.synthetic_clips(_generator),
