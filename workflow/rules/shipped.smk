# The weights of src/microexpr/weights, fitted again to the same bytes: `make shipped` copies them there.
from microexpr.tasks.first_weights import SHIPPED

FITTED_ON = {  # uses of subjects who train, and of those held out
    "landmarks": ("portraits", "held_out_portraits"),
    "action_units": ("portraits", "held_out"),
    "reenact": ("training", "held_out"),
    "predict": ("training", "held_out"),
    "spotter": ("takes", "held_out_takes"),
}
NEEDED_BY = {"landmarks": needs(8000, 240), "action_units": needs(8000, 240), "reenact": needs(4000, 240)}

for _name, _files in SHIPPED.items():

    rule:
        name:
            f"fit_{_name}"
        input:
            training=CORPUS.population_files[FITTED_ON[_name][0]],
            held_out=CORPUS.population_files[FITTED_ON[_name][1]],
        output:
            [f"results/shipped/{file}" for file in _files],
        log:
            f"work/logs/shipped/{_name}.log",
        params:
            code=code(f"fit_{_name}"),
            script=f"fit_{_name}",
            **({"population": CORPUS.recorded} if _name == "predict" else {}),
        resources:
            **NEEDED_BY.get(_name, TRAINING),
        script:
            "../scripts/{params.script}.py"


rule shipped:
    input:
        list(FIRST.package_files),
    output:
        "results/shipped/files.csv",
    log:
        "work/logs/shipped/files.log",
    params:
        code=code_of("shipped"),
    script:
        "../scripts/shipped.py"
