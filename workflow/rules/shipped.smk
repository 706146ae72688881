# The weights of src/microexpr/weights, fitted again to the same bytes: `make shipped` copies them there.


rule fit_landmarks:
    input:
        training=RUN.portrait_files,
        held_out=RUN.held_out_portrait_files,
    output:
        "results/shipped/landmarks.onnx",
    log:
        "work/logs/shipped/landmarks.log",
    params:
        code=code("fit_landmarks"),
    script:
        "../scripts/fit_landmarks.py"


rule fit_action_units:
    input:
        training=RUN.portrait_files,
        held_out=RUN.population_held_out_files,
    output:
        alone="results/shipped/action_units.onnx",
        change="results/shipped/action_units.change.onnx",
    log:
        "work/logs/shipped/action_units.log",
    params:
        code=code("fit_action_units"),
    script:
        "../scripts/fit_action_units.py"


rule fit_reenact:
    input:
        training=RUN.population_training_files,
        held_out=RUN.population_held_out_files,
    output:
        weights="results/shipped/reenact.safetensors",
        graph="results/shipped/reenact.onnx",
    log:
        "work/logs/shipped/reenact.log",
    params:
        code=code("fit_reenact"),
    script:
        "../scripts/fit_reenact.py"


rule fit_predict:
    input:
        training=RUN.population_training_files,
        held_out=RUN.population_held_out_files,
    output:
        "results/shipped/predict.onnx",
    log:
        "work/logs/shipped/predict.log",
    params:
        code=code("fit_predict"),
        population=RUN.recorded,
    script:
        "../scripts/fit_predict.py"


rule fit_spotter:
    input:
        training=RUN.take_files,
        held_out=RUN.held_out_take_files,
    output:
        "results/shipped/spotter.safetensors",
    log:
        "work/logs/shipped/spotter.log",
    params:
        code=code("fit_spotter"),
    script:
        "../scripts/fit_spotter.py"


rule shipped:
    input:
        RUN.shipped_files,
    output:
        "results/shipped/files.csv",
    log:
        "work/logs/shipped/files.log",
    script:
        "../scripts/shipped.py"


rule all_shipped:
    input:
        rules.shipped.output,
