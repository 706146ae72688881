# Errors of the signal stages on people that are in no corpus: a job for each of them, and one that pools.
EXAMINED = {"dataset": "|".join(RUN.benchmark_plans), "difficulty": "|".join(PARAMS["truth"]["difficulties"])}


rule truth_person:
    input:
        code=code("truth_person"),
    output:
        "results/truth/measured/{difficulty}/{dataset}/{subject}.h5",
    params:
        plan=lambda w: [one.row() for one in RUN.benchmark_plans[w.dataset] if one.clip.subject == w.subject],
        scene=lambda w: SCENE | {"difficulty": w.difficulty},
        seed=SEED,
        # the embedded reader is measured, whichever is chosen
        stages={name: PARAMS[name] for name in ("faces", "apex", "flow")} | {"aus": PARAMS["aus"] | {"backend": "embedded"}},
    log:
        "work/logs/truth/{difficulty}/{dataset}/{subject}.log",
    benchmark:
        "work/times/truth/{difficulty}/{dataset}/{subject}.tsv"
    wildcard_constraints:
        **EXAMINED,
    script:
        "../scripts/truth_person.py"


rule truth:
    input:
        measured=RUN.benchmark_files,
        code=code("truth"),
    output:
        landmarks="results/truth/landmarks.csv",
        apex="results/truth/apex.csv",
        aus="results/truth/aus.csv",
        flow="results/truth/flow.csv",
        page="results/truth/index.html",
    log:
        "work/logs/truth/truth.log",
    benchmark:
        "work/times/truth/truth.tsv"
    script:
        "../scripts/truth.py"


rule all_truth:
    input:
        rules.truth.output,
