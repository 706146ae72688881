# Methods that read only flow, on precomputed flow pictures: for users without video. No other table reads them.
from dag import FLOW_FOLDERS, FLOW_TABLE
from microexpr.core.clip import POPULATION
from microexpr.protocols import PROTOCOLS

# DVC's stage passes without such flow, with the table's header alone; Snakemake says that it is missing.
PICTURED = [] if "MICROEXPR_STAGE" in os.environ and not os.path.lexists(FLOW_FOLDERS) else RUN.flow_rows


rule flow_folders:
    input:
        native=RUN.flow_pictures(),
    output:
        index="results/flow_folders/index.csv",
        flow=directory("results/flow_folders/flow"),
    log:
        "work/logs/flow_folders/flow_folders.log",
    params:
        root=FLOW_FOLDERS,
        normalise=PARAMS["flow_folders"]["normalise"],
        state=lambda w: RUN.flow_state,
    priority: 1  # errors in the pictures are reported before subjects are rendered
    script:
        "../scripts/flow_folders.py"


rule flow_folders_region:
    input:
        native=RUN.flow_pictures(),
        population=RUN.flow_population_files,
    output:
        "results/flow_folders/region.csv",
    log:
        "work/logs/flow_folders/region.log",
    params:
        root=FLOW_FOLDERS,
        region=PARAMS["flow_folders"]["region"],
        population=RUN.population.recording(),
        state=lambda w: RUN.flow_state,
    script:
        "../scripts/flow_folders_region.py"


rule flow_folders_population:
    input:
        population=RUN.flow_population_files,
        region="results/flow_folders/region.csv",
    output:
        index="results/flow_folders/population/index.csv",
        flow=directory("results/flow_folders/population/flow"),
    log:
        "work/logs/flow_folders/population.log",
    params:
        normalise=PARAMS["flow_folders"]["normalise"],
        population=RUN.population.recording(),
    script:
        "../scripts/flow_folders_population.py"


def flow_index(protocol):
    """Return the indices of the clips that a protocol trains or tests."""
    rendered = POPULATION in PROTOCOLS[protocol].sources
    return ["results/flow_folders/index.csv", *["results/flow_folders/population/index.csv"] * rendered]


def flow_files(wildcards):
    """Return the folders of flow that a training reads."""
    rendered = ["results/flow_folders/population/flow"] * PROTOCOLS[wildcards.protocol].uses_population
    return ["results/flow_folders/flow", *rendered]


use rule train as flow_folders_train with:
    input:
        index=lambda w: flow_index(w.protocol),
        macro=lambda w: ["results/flow_folders/population/index.csv"] * bool(PROTOCOLS[w.protocol].also_trained_on),
        files=flow_files,
    output:
        train="results/flow_folders/train/{method}/{protocol}/{shard}.h5",
    log:
        "work/logs/flow_folders/train/{method}/{protocol}/{shard}.log",
    wildcard_constraints:
        protocol=one_of(RUN.flow_protocols),
        method=one_of(RUN.flow_methods),
    params:
        code=lambda w: code("train", model(w.method)),
        methods=lambda w: {w.method: METHODS[w.method]["params_on_pictures"]},
        weights=start()["weights"],
        train=TRAIN,
        both=PARAMS["flow_folders"]["both"],
        folds={},
        seed=SEED,
        state=lambda w: RUN.flow_state,  # or files that are gone would not be missed


use rule evaluate as flow_folders_evaluate with:
    input:
        index=lambda w: flow_index(w.protocol),
        shards=lambda w: RUN.training_files(w.method, w.protocol),
    output:
        figures="results/flow_folders/evaluate/{protocol}/{method}.csv",
        confusion="results/flow_folders/evaluate/{protocol}/{method}_confusion.csv",
        predictions="results/flow_folders/evaluate/{protocol}/{method}_predictions.csv",
        curve="results/flow_folders/evaluate/{protocol}/curves/{method}.csv",
        log="results/flow_folders/evaluate/{protocol}/{method}.log",
    log:
        "work/logs/flow_folders/evaluate/{protocol}/{method}.log",
    wildcard_constraints:
        protocol=one_of(RUN.flow_protocols),
        method=one_of(RUN.flow_methods),


use rule table as flow_folders_table with:
    input:
        figures=[f"results/flow_folders/evaluate/{protocol}/{method}.csv" for method, protocol in PICTURED],
    output:
        csv=FLOW_TABLE,
    log:
        "work/logs/flow_folders/table.log",


rule all_flow_folders:
    input:
        FLOW_TABLE,
