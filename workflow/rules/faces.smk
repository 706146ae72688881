# Landmarks, pose and aligned crops.
rule faces:
    input:
        native=native_paths,
    output:
        "results/faces/{dataset}/{subject}.h5",
    log:
        "work/logs/faces/{dataset}/{subject}.log",
    params:
        code=code_of("faces"),
        rows=rows,
        state=lambda w: CORPUS.native_state(w.dataset, w.subject),
        faces=PARAMS["faces"],
    script:
        "../scripts/faces.py"
