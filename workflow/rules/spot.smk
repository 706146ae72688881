# Long videos: measurements of each, the intervals that spotters find in them, and the table.
from microexpr.rendering.layouts import LONG_NATIVES
from microexpr.tasks.spot.plan import FIGURES as SPOT_FIGURES
from microexpr.tasks.spot.plan import PAIRED as SPOT_PAIRED

VIDEOS = RUN.tasks["spot"]
SPOTTERS, MOVEMENT = VIDEOS.spotters, PARAMS["spot"]["movement"]

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


annotate({name: [planned.video.row() for planned in plan] for name, plan in VIDEOS.plans.items()}, VIDEOS.annotations)


rule spot:
    input:
        lambda w: VIDEOS.folder(w.dataset, w.subject, w.video),
    output:
        "results/spot/curves/{dataset}/{subject}/{video}.h5",
    log:
        "work/logs/spot/curves/{dataset}/{subject}/{video}.log",
    priority: 1  # clips to answer questions on are shorter
    wildcard_constraints:
        dataset=one_of(VIDEOS.sets),
    params:
        code=code_of("spot"),
        video=lambda w: VIDEOS.videos[w.dataset, w.subject, w.video].clip.row(),
        state=lambda w: VIDEOS.state(w.dataset, w.subject, w.video),
        spot={"rate": PARAMS["spot"]["rate"], "movement": {"size": MOVEMENT["size"]}},
    resources:
        **needs(3000, 240),
    script:
        "../scripts/spot.py"


rule spot_movement:
    input:
        curves="results/spot/curves/{dataset}/{subject}/{video}.h5",
    output:
        "results/spot/movement/{dataset}/{subject}/{video}.h5",
    log:
        "work/logs/spot/movement/{dataset}/{subject}/{video}.log",
    wildcard_constraints:
        dataset=one_of(VIDEOS.sets),
    params:
        code=code_of("spot_movement"),
        video=lambda w: VIDEOS.videos[w.dataset, w.subject, w.video].clip.row(),
        movement=MOVEMENT,
    resources:
        **needs(3000, 240),
    script:
        "../scripts/spot_movement.py"


rule spot_find:
    input:
        curves=VIDEOS.curves,
        movement=lambda w: VIDEOS.movement if "movement" in SPOTTERS[w.spotter].reads else [],
    output:
        "results/spot/found/{spotter}.h5",
    log:
        "work/logs/spot/found/{spotter}.log",
    wildcard_constraints:
        spotter=one_of(SPOTTERS),
    resources:
        gpu=lambda w: int(SPOTTERS[w.spotter].network),
        **needs(8000, 720),
    params:
        code=code_of("spot_find"),
        params=lambda w: SPOTTERS[w.spotter].params,
        side=MOVEMENT["regions"],
        videos=[video.row() for video in VIDEOS.videos.values()],
        folds=[{"name": fold.name, "train": fold.train, "test": fold.test} for fold in VIDEOS.folds],
        seeds=PARAMS["train"]["seeds"],
        seed=SEED,
    script:
        "../scripts/spot_find.py"


rule spot_table:
    input:
        found=VIDEOS.found,
        annotations=[path for dataset in VIDEOS.plans for path in VIDEOS.annotations(dataset)],
    output:
        csv=report(VIDEOS.tables[0], category="Results"),
        figures=SPOT_FIGURES,
        paired=SPOT_PAIRED,
        logs=VIDEOS.logs,
    log:
        "work/logs/spot/table.log",
    params:
        code=code_of("spot_table"),
        videos=[video.row() for video in VIDEOS.videos.values()],
        resamples=PARAMS["evaluate"]["resamples"],
        seed=SEED,
    script:
        "../scripts/spot_table.py"
