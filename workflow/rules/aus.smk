# Intensities of 17 action units per frame and side, by the reader that `aus.backend` names.
import json

from microexpr.signals.aus import pyfeat

WEIGHTS = list(map(str, pyfeat.weight_files())) if PARAMS["aus"]["backend"] == "pyfeat" else []
MIN_DETECTED = PARAMS["faces"]["min_detected"]
PYFEAT = (
    "PYTHONPATH=src:envs/pyfeat envs/pyfeat/.venv/bin/python "
    "workflow/scripts/aus_pyfeat.py {input.faces} {input.apex} {output} {log} <<< {params.job:q}"
)

if PARAMS["aus"]["backend"] == "pyfeat":

    rule aus_pyfeat:  # in py-feat's own environment, which a `script:` cannot choose
        input:
            faces="results/faces/{dataset}/{subject}.h5",
            apex="results/apex/{dataset}/{subject}.h5",
            environment=["envs/pyfeat/pyfeat.lock", *WEIGHTS],
        output:
            "results/aus/{dataset}/{subject}.h5",
        log:
            "work/logs/aus/{dataset}/{subject}.log",
        params:
            code=code_of("aus_pyfeat"),
            command=lambda w: PYFEAT,
            job=lambda w: json.dumps({"rows": rows(w), "aus": PARAMS["aus"], "min_detected": MIN_DETECTED}),
        resources:
            **needs(3000),
        shell:
            PYFEAT

else:

    rule aus:
        input:
            faces="results/faces/{dataset}/{subject}.h5",
            apex="results/apex/{dataset}/{subject}.h5",
            tables=lambda w: CORPUS.openface_tables(w.dataset, w.subject),
        output:
            "results/aus/{dataset}/{subject}.h5",
        log:
            "work/logs/aus/{dataset}/{subject}.log",
        params:
            code=code_of("aus"),
            rows=rows,
            aus=PARAMS["aus"],
            min_detected=MIN_DETECTED,
        script:
            "../scripts/aus.py"
