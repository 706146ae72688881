# Methods that read only flow, on precomputed flow pictures: for users without video. No other table reads them.
from dag import FLOW_FOLDERS, FLOW_TABLE

# DVC's stage passes without such flow, with the table's header alone; Snakemake says that it is missing.
PICTURED = RUN.flow_methods if "MICROEXPR_STAGE" not in os.environ or os.path.lexists(FLOW_FOLDERS) else []


rule flow_folders:
    input:
        native=RUN.flow_pictures(),
    output:
        index="results/flow_folders/index.csv",
        flow=directory("results/flow_folders/flow"),
    log:
        "work/logs/flow_folders/flow_folders.log",
    benchmark:
        "work/times/flow_folders/flow_folders.tsv"
    params:
        root=FLOW_FOLDERS,
        state=lambda w: RUN.flow_state,
    script:
        "../scripts/flow_folders.py"


use rule train as flow_folders_train with:
    input:
        index=["results/flow_folders/index.csv"],
        files=lambda w: ["results/flow_folders/flow", *initial(w.method, w.protocol)],
    output:
        train="results/{protocol}/train/{method}/{shard}.h5",
    wildcard_constraints:
        protocol="flow_folders",
        method=one_of(RUN.flow_methods),
    params:
        code=lambda w: code("train", model(w.method)),
        methods=lambda w: {w.method: METHODS[w.method]["params"]},
        weights=lambda w: RUN.weights[w.method],
        initial=initial_digests(""),
        train=TRAIN,
        folds=0,
        seed=SEED,
        state=lambda w: RUN.flow_state,  # or files that are gone would not be missed


use rule evaluate as flow_folders_evaluate with:
    input:
        index=["results/flow_folders/index.csv"],
        shards=lambda w: RUN.flow_training_files(w.method),
    output:
        figures="results/{protocol}/evaluate/{method}.csv",
        confusion="results/{protocol}/evaluate/{method}_confusion.csv",
        predictions="results/{protocol}/evaluate/{method}_predictions.csv",
        curve="results/{protocol}/evaluate/curves/{method}.csv",
        log="results/{protocol}/evaluate/{method}.log",
    wildcard_constraints:
        protocol="flow_folders",
        method=one_of(RUN.flow_methods),


use rule table as flow_folders_table with:
    input:
        figures=expand("results/flow_folders/evaluate/{method}.csv", method=PICTURED),
    output:
        csv=FLOW_TABLE,
    log:
        "work/logs/flow_folders/table.log",


rule all_flow_folders:
    input:
        FLOW_TABLE,
