# Rendered subjects of no corpus: methods learn from them what corpora are too small for. The table needs none of them.


rule population:
    output:
        "results/population/{subject}.h5",
    log:
        "work/logs/population/{subject}.log",
    wildcard_constraints:
        subject=r"s\d{4}",
    params:
        code=code_of("population"),
        population=CORPUS.population.recording(),  # counts of subjects are read from the config: further subjects render none again
        held_out=lambda w: f"results/population/{w.subject}.h5" in CORPUS.population_files["held_out"],
        faces=PARAMS["faces"],
        flow=PARAMS["flow"],
    resources:
        **needs(1500, 60),
    script:
        "../scripts/population.py"


for _kind, _letter in (("portraits", "p"), ("takes", "s")):

    rule:
        name:
            _kind
        output:
            f"results/{_kind}/{{subject}}.h5",
        log:
            f"work/logs/{_kind}/{{subject}}.log",
        wildcard_constraints:
            subject=rf"{_letter}\d{{4}}",
        params:
            code=code_of(_kind),
            script=_kind,
            seed=PARAMS["population"]["seed"],
        resources:
            **needs(1500, 60),
        script:
            "../scripts/{params.script}.py"
