# Methods that read only flow, on precomputed flow pictures: for users without video. No other table reads them.
from microexpr.tasks.flow_folders.plan import ROOT

PICTURES = RUN.tasks["flow_folders"]


rule flow_folders:
    input:
        native=PICTURES.pictures,
    output:
        index="results/flow_folders/index.csv",
        flow=directory("results/flow_folders/flow"),
    log:
        "work/logs/flow_folders/flow_folders.log",
    params:
        code=code_of("flow_folders"),
        root=ROOT,
        normalise=PARAMS["flow_folders"]["normalise"],
        state=lambda w: PICTURES.state,
    priority: 1  # errors in the pictures are reported before subjects are rendered
    script:
        "../scripts/flow_folders.py"


rule flow_folders_region:
    input:
        native=PICTURES.pictures,
        population=PICTURES.population,
    output:
        "results/flow_folders/region.csv",
    log:
        "work/logs/flow_folders/region.log",
    params:
        code=code_of("flow_folders_region"),
        root=ROOT,
        region=PARAMS["flow_folders"]["region"],
        population=CORPUS.population.recording(),
        state=lambda w: PICTURES.state,
    script:
        "../scripts/flow_folders_region.py"


rule flow_folders_population:
    input:
        population=PICTURES.population,
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
