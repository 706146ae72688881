# Generators of clips, trained once without each group of subjects: all protocols share what they make.
rule synth:
    input:
        index=lambda w: RUN.indices(RUN.grouped(w.generator)),
        macro=lambda w: RUN.indices(RUN.stills(w.generator)),
        files=lambda w: [
            path
            for stage in RUN.generators[w.generator]["reads"]
            for path in RUN.per_subject(stage, RUN.grouped(w.generator) + RUN.stills(w.generator))
        ],
        code=lambda w: code("synth", f"models.generators.{w.generator}"),
    output:
        made="results/synth/{generator}/groups/{group}.h5",
        generator="results/synth/{generator}/groups/{group}.safetensors",
    params:
        generator=lambda w: RUN.generators[w.generator]["params"],
        synth=PARAMS["synth"],
        seed=SEED,
    log:
        "work/logs/synth/{generator}/{group}.log",
    benchmark:
        "work/times/synth/{generator}/{group}.tsv"
    resources:
        gpu=1,
    wildcard_constraints:
        generator=one_of(RUN.generators),
        group=one_of(sorted({fold.name for name in RUN.generators for fold in RUN.groups(name)})),
    script:
        "../scripts/synth.py"


rule all_synth:
    input:
        [path for name in RUN.generators for path in RUN.made(name)],


for _generator in RUN.generators:

    rule:
        name: f"synth_{_generator}"
        input:
            RUN.made(_generator),
