# Long videos: measurements of each, the intervals that spotters find in them, and the table.
from long_videos import FIGURES as SPOT_FIGURES
from long_videos import PAIRED as SPOT_PAIRED
from long_videos import TABLE as SPOT_TABLE

SPOTTERS, MOVEMENT = CHECKED.spotters, PARAMS["spot"]["movement"]

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
        movement=lambda w: VIDEOS.movement if SPOTTERS[w.spotter].reads_movement else [],
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
        code=lambda w: code("spot_find", f"models.spotters.{w.spotter.partition('.')[0]}"),
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
        csv=report(SPOT_TABLE, caption="../report/spot.rst", category="Results"),
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
