# The rendered corpora: one job per subject, one per data set's annotation.

# rules of each data set's own, since native layouts differ in number and depth of folders
for _dataset in CORPUS.plans:

    rule:
        name:
            f"render_{_dataset}"
        output:
            frames=[directory(folder) for folder in CORPUS.subject_folders(_dataset, "{subject}")],
            truth=f"data/rendered/truth/{_dataset}/{{subject}}.h5",
        log:
            f"work/logs/render/{_dataset}/{{subject}}.log",
        params:
            code=code("render", dataset=_dataset),
            plan=lambda w, dataset=_dataset: CORPUS.subject_plan(dataset, w.subject),
            scene=SCENE,
            seed=SEED,
            root=f"data/rendered/{_dataset}",
        resources:
            **needs(1200, 60),
        script:
            "../scripts/render.py"


annotate({name: [planned.clip.row() for planned in plan] for name, plan in CORPUS.plans.items()}, CORPUS.annotations)
