# The rendered corpora: one job per subject, one per data set's annotation.
from microexpr.rendering.layouts import LONG_NATIVES

SCENE = {key: PARAMS["render"][key] for key in ("difficulty", "width", "height")}

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


for _dataset in VIDEOS.plans:

    rule:
        name:
            f"render_long_{_dataset}"
        output:
            frames=directory(f"data/rendered/{_dataset}/{LONG_NATIVES[_dataset].folder}"),
            truth=VIDEOS.truth(_dataset),
        log:
            f"work/logs/render/{VIDEOS.truth(_dataset).removeprefix('data/rendered/truth/').removesuffix('.h5')}.log",
        priority: max(planned.video.clip.frames for planned in VIDEOS.plans[_dataset])  # or a core would wait for the longest
        params:
            code=code("render_long", dataset=_dataset),
            plan=lambda w, dataset=_dataset: VIDEOS.plan(dataset, w.video, w.get("subject", "")),
            scene=SCENE,
            seed=SEED,
            root=f"data/rendered/{_dataset}",
        resources:
            **needs(1500, 240),
        script:
            "../scripts/render_long.py"


ANNOTATED = {name: [planned.clip.row() for planned in plan] for name, plan in CORPUS.plans.items()}
ANNOTATED |= {name: [planned.video.row() for planned in plan] for name, plan in VIDEOS.plans.items()}

for _dataset, _rows in ANNOTATED.items():

    rule:
        name:
            f"annotation_{_dataset}"
        output:
            (CORPUS if _dataset in CORPUS.plans else VIDEOS).annotations(_dataset),
        log:
            f"work/logs/render/{_dataset}.log",
        params:
            code=code("annotation", dataset=_dataset),
            dataset=_dataset,
            rows=_rows,
        script:
            "../scripts/annotation.py"
