# All folds of a training in one job per shard. A method that synthesises faces writes them there too. {task}: a folder
# of results for each task but the main one.

# Without `checkpoint_minutes`, which changes no result, and so is read from the config, which reruns nothing. Folds are
# in param `training`.
TRAIN = {key: value for key, value in PARAMS["train"].items() if key not in ("checkpoint_minutes", "rendered_folds")}


rule train:
    input:
        unpack(lambda w: training(w).signals),
        unpack(lambda w: PLAN.synthetic_inputs(training(w))),
        index=lambda w: training(w).index,
        macro=lambda w: training(w).macro_index,
        teacher=lambda w: FIRST.teacher_paths(training(w)),
        initial=lambda w: initial(training(w)),
    output:
        train="results/{task}train/{method}/{protocol}/{shard}.h5",
    log:
        "work/logs/{task}train/{method}/{protocol}/{shard}.log",
    wildcard_constraints:
        task=TASK_FOLDERS,
        protocol=ANY_PROTOCOL,
    priority: lambda w: training(w).about.priority
    resources:
        gpu=lambda w: int(training(w).about.network),
        **TRAINING,
    params:
        code=code_of("train"),
        method=lambda w: training(w).about.params,
        training=lambda w: RUN.settings(training(w)),
        train=TRAIN,
        seed=SEED,
    script:
        "../scripts/train.py"


ruleorder: train_generator > train  # for faces that the main task's methods synthesise


use rule train as train_generator with:
    output:
        train="results/train/{method}/{protocol}/{shard}.h5",
        synth="results/train/{method}/{protocol}/faces/{shard}.h5",
    log:
        "work/logs/train/{method}/{protocol}/{shard}.log",
    wildcard_constraints:
        protocol=ANY_PROTOCOL,
        method=one_of(SYNTHESISING),
    priority: 1  # other trainings wait for its faces
    params:
        synth={name: PARAMS["synthesise"][name] for name in ("per_class", "displays")},


for _method in PARAMS["methods"]:

    rule:
        name:
            f"train_{_method}"
        input:
            PLAN.training(_method, PROTOCOL).files,
