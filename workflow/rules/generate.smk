# The generated corpora: one job per person, one per data set's workbooks.
SCENE = {key: PARAMS["generate"][key] for key in ("difficulty", "width", "height")}

for _dataset, _planned in PLANNED.items():
    _root = str(datasets.root(_dataset, "generated"))

    rule:
        name: f"generate_{_dataset}"
        input:
            code=code("generate"),
        output:
            frames=directory(f"{_root}/{layouts.SUBJECTS[_dataset]}"),
            truth=f"data/generated/truth/{_dataset}/{{subject}}.h5",
        params:
            plan=lambda w, planned=_planned: [one.row() for one in planned if one.clip.subject == w.subject],
            scene=SCENE,
            seed=SEED,
            root=_root,
        log:
            f"work/logs/generate/{_dataset}/{{subject}}.log",
        benchmark:
            f"work/times/generate/{_dataset}/{{subject}}.tsv"
        resources:
            mem_mb=1200,
        script:
            "../scripts/generate.py"

    if layouts.WORKBOOKS[_dataset]:

        rule:
            name: f"workbook_{_dataset}"
            input:
                code=code("workbook"),
            output:
                [f"{_root}/{file}" for file in layouts.WORKBOOKS[_dataset]],
            params:
                rows=[one.clip.row() for one in _planned],
            log:
                f"work/logs/generate/{_dataset}.log",
            script:
                "../scripts/workbook.py"


rule all_generate:
    input:
        [f"data/generated/truth/{dataset}/{subject}.h5" for dataset, subject in SUBJECTS if dataset in PLANNED],
        [
            f"{datasets.root(dataset, 'generated')}/{file}"
            for dataset in PLANNED
            for file in layouts.WORKBOOKS[dataset]
        ],
