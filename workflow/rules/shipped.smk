# The weights of src/microexpr/weights, fitted again to the same bytes: `make shipped` copies them there.
from first_weights import SHIPPED

FITTED_ON = {  # files of subjects who train, and of those held out
    "landmarks": (RUN.portrait_files, RUN.held_out_portrait_files),
    "action_units": (RUN.portrait_files, RUN.population_held_out_files),
    "reenact": (RUN.population_training_files, RUN.population_held_out_files),
    "predict": (RUN.population_training_files, RUN.population_held_out_files),
    "spotter": (RUN.take_files, RUN.held_out_take_files),
}

for _name, _files in SHIPPED.items():

    rule:
        name:
            f"fit_{_name}"
        input:
            training=FITTED_ON[_name][0],
            held_out=FITTED_ON[_name][1],
        output:
            [f"results/shipped/{file}" for file in _files],
        log:
            f"work/logs/shipped/{_name}.log",
        params:
            code=code(f"fit_{_name}"),
            **({"population": RUN.recorded} if _name == "predict" else {}),
        script:
            f"../scripts/fit_{_name}.py"


rule shipped:
    input:
        list(FIRST.package_files),
    output:
        "results/shipped/files.csv",
    log:
        "work/logs/shipped/files.log",
    script:
        "../scripts/shipped.py"


rule all_shipped:
    input:
        rules.shipped.output,
