# Errors of the signal stages on rendered subjects of no corpus: a job for each subject, and a job that pools them.
SUBJECTS = {
    "dataset": "|".join(CORPUS.benchmark_plans),
    "difficulty": "|".join(PARAMS["signal_benchmark"]["difficulties"]),
}


rule signal_benchmark_subject:
    output:
        "results/signal_benchmark/measured/{difficulty}/{dataset}/{subject}.h5",
    log:
        "work/logs/signal_benchmark/{difficulty}/{dataset}/{subject}.log",
    wildcard_constraints:
        **SUBJECTS,
    params:
        code=code_of("signal_benchmark_subject"),
        plan=lambda w: [plan.row() for plan in CORPUS.benchmark_plans[w.dataset] if plan.clip.subject == w.subject],
        scene=lambda w: SCENE | {"difficulty": w.difficulty},
        seed=SEED,
        # the embedded reader of action units, whichever is chosen
        stages={name: PARAMS[name] for name in ("faces", "apex", "flow")}
        | {"aus": PARAMS["aus"] | {"backend": "embedded"}},
    resources:
        **needs(1500, 60),
    script:
        "../scripts/signal_benchmark_subject.py"


rule signal_benchmark:
    input:
        measured=CORPUS.benchmark_files,
    output:
        landmarks="results/signal_benchmark/landmarks.csv",
        apex="results/signal_benchmark/apex.csv",
        aus="results/signal_benchmark/aus.csv",
        flow="results/signal_benchmark/flow.csv",
        page="results/signal_benchmark/index.html",
    log:
        "work/logs/signal_benchmark/pooled.log",
    params:
        code=code_of("signal_benchmark"),
    script:
        "../scripts/signal_benchmark.py"
