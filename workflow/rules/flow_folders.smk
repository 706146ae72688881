# Methods that read only flow, on precomputed flow pictures: for users without video. No other table reads them.
from run import FLOW_FOLDERS


rule flow_folders:
    input:
        native=RUN.flow_pictures,
    output:
        index="results/flow_folders/index.csv",
        flow=directory("results/flow_folders/flow"),
    log:
        "work/logs/flow_folders/flow_folders.log",
    params:
        code=code_of("flow_folders"),
        root=FLOW_FOLDERS,
        normalise=PARAMS["flow_folders"]["normalise"],
        state=lambda w: RUN.flow_state,
    priority: 1  # errors in the pictures are reported before subjects are rendered
    script:
        "../scripts/flow_folders.py"


rule flow_folders_region:
    input:
        native=RUN.flow_pictures,
        population=RUN.flow_population_files,
    output:
        "results/flow_folders/region.csv",
    log:
        "work/logs/flow_folders/region.log",
    params:
        code=code_of("flow_folders_region"),
        root=FLOW_FOLDERS,
        region=PARAMS["flow_folders"]["region"],
        population=CORPUS.population.recording(),
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
        code=code_of("flow_folders_population"),
        normalise=PARAMS["flow_folders"]["normalise"],
        population=CORPUS.population.recording(),
    script:
        "../scripts/flow_folders_population.py"
