# The generated corpora: one job per person, one per data set's annotation.
SCENE = {key: PARAMS["generate"][key] for key in ("difficulty", "width", "height")}

for _dataset, _planned in RUN.planned.items():

    rule:
        name: f"generate_{_dataset}"
        input:
            code=code("generate"),
        output:
            frames=[directory(folder) for folder in RUN.person(_dataset, "{subject}")],
            truth=f"data/generated/truth/{_dataset}/{{subject}}.h5",
        params:
            plan=lambda w, dataset=_dataset: RUN.plan(dataset, w.subject),
            scene=SCENE,
            seed=SEED,
            root=f"data/generated/{_dataset}",
        log:
            f"work/logs/generate/{_dataset}/{{subject}}.log",
        benchmark:
            f"work/times/generate/{_dataset}/{{subject}}.tsv"
        script:
            "../scripts/generate.py"

    if RUN.annotations(_dataset):

        rule:
            name: f"annotation_{_dataset}"
            input:
                code=code("annotation"),
            output:
                RUN.annotations(_dataset),
            params:
                rows=[one.clip.row() for one in _planned],
            log:
                f"work/logs/generate/{_dataset}.log",
            script:
                "../scripts/annotation.py"


rule all_generate:
    input:
        sorted(RUN.belongs()["generate"]),
