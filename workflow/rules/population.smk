# Rendered subjects of no corpus: methods learn from them what corpora are too small for. The table needs none of them.


rule population:
    output:
        "results/population/{subject}.h5",
    log:
        "work/logs/population/{subject}.log",
    wildcard_constraints:
        subject=r"s\d{4}",
    params:
        population=CORPUS.population.recording(),  # counts of subjects are read from the config: further subjects render none again
        held_out=lambda w: f"results/population/{w.subject}.h5" in CORPUS.population_files["held_out"],
        faces=PARAMS["faces"],
        flow=PARAMS["flow"],
    script:
        "../scripts/population.py"


rule portraits:
    output:
        "results/portraits/{subject}.h5",
    log:
        "work/logs/portraits/{subject}.log",
    wildcard_constraints:
        subject=r"p\d{4}",
    params:
        seed=PARAMS["population"]["seed"],
    script:
        "../scripts/portraits.py"


rule takes:
    output:
        "results/takes/{subject}.h5",
    log:
        "work/logs/takes/{subject}.log",
    wildcard_constraints:
        subject=r"s\d{4}",
    params:
        seed=PARAMS["population"]["seed"],
    script:
        "../scripts/takes.py"
