# Rendered subjects of no corpus, from whom methods learn what a corpus is too small for. The table needs none of them.
RECORDING = {key: value for key, value in PARAMS["population"].items() if key not in ("subjects", "held_out")}
HELD_OUT = RUN.population_files[PARAMS["population"]["subjects"] :]


rule population:
    output:
        "results/population/{subject}.h5",
    log:
        "work/logs/population/{subject}.log",
    benchmark:
        "work/times/population/{subject}.tsv"
    wildcard_constraints:
        subject=r"s\d{4}",
    params:
        population=RECORDING,  # counts of subjects are read from the config: further subjects render none again
        held_out=lambda w: f"results/population/{w.subject}.h5" in HELD_OUT,
        faces=PARAMS["faces"],
        flow=PARAMS["flow"],
    script:
        "../scripts/population.py"


rule all_population:
    input:
        sorted(RUN.expected_outputs["population"]),
