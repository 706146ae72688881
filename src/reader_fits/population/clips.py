"""Plan and render a subject's clips: micro- and macro-expressions of every emotion, as a face stage crops them."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from facs_faces import camera, display, take
from facs_faces.face import Face
from facs_faces.performance import DIFFICULTIES, Performer, perform
from microexpr.core.arrays import luma
from microexpr.core.clip import LABELS, POPULATION, Clip
from microexpr.core.seeds import generator
from microexpr.rendering.corpus import render_frames, with_both_sides
from microexpr.rendering.layouts import NATIVES
from microexpr.signals import faces, flow
from microexpr.signals.aus import ACTION_UNITS
from reader_fits.population import Params

Kind = Literal["micro", "macro"]
NEGATIVE = tuple(sorted({*take.MICRO} - {"happiness", "surprise"}))
LABEL = {"happiness": "positive", "surprise": "surprise"}  # all others are negative
FPS, SIZE = 100, (640, 480)
CROP = 144  # rows and columns of the stored crops, half of those of the faces stage
STEPS: dict[Kind, int] = {"micro": 7, "macro": 4}  # frames at equal distances from onset to offset
MISSED = 0.5  # share of micro-expressions with events a little off, as annotators and spotters place them
LATE, AWAY = 0.3, 0.15  # largest errors of onset and apex, as shares of the rise
# How emotions are displayed, each table for as many micro-expressions: prototypes, and what two data sets' coders saw.
DISPLAYS = (
    display.DISPLAYS,
    *(
        {emotion: display.read_displays(codes, display.TOGETHER) for emotion, codes in NATIVES[name].coded.items()}
        for name in ("casme2", "samm")
    ),
)
ONE_SIDED = 0.15  # probability that a display has one side
OTHER_SCENE = 0.5  # share of clips in another light, pose and distance than the subject's own
UNITS = [display.ACTION_UNITS.index(unit) for unit in ACTION_UNITS]


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """One clip of the population before it is rendered. Frame numbers are those of the whole performance."""

    clip: Clip  # with the onset, apex and offset of its annotation
    kind: Kind
    weights: dict[str, float]  # of its display, by sided action unit
    events: tuple[int, int, int]  # true onset, apex and offset
    length: int  # frames of the performance
    rendered: tuple[int, ...]  # numbers of the frames that are rendered
    video: tuple[int, ...]  # those of them at equal distances, from the annotated onset to the annotated offset


def plan_clips(params: Params, subject: str) -> list[PlannedClip]:
    """Return the clips of one subject: equally many of each class, negative emotions in turn over the subjects."""
    number, macro = int(subject[1:]), tuple(name for name in take.MACRO if name in NEGATIVE)
    kinds: list[tuple[Kind, int, tuple[str, ...]]] = [("micro", params.micro, NEGATIVE), ("macro", params.macro, macro)]
    clips = []
    for kind, count, negative in kinds:
        for i in range(count):
            turn = (number * -(-count // 3) + i // 3) % len(negative)
            emotion = (negative[turn], "happiness", "surprise")[i % 3]
            clips.append(_plan(params, subject, kind, i, emotion))
    return clips


def _plan(params: Params, subject: str, kind: Kind, i: int, emotion: str) -> PlannedClip:
    name = f"{kind}{i + 1:02}"
    rng = generator(params.seed, POPULATION, subject, name, "plan")
    tables = [table for table in DISPLAYS if emotion in table] if kind == "micro" else [display.POSES]
    table = tables[rng.integers(len(tables))]
    weights = display.sample_display(emotion, rng, displays=table, one_sided=ONE_SIDED)
    length = round(rng.uniform(*take.SECONDS[kind]) * FPS)
    rise = max(4, round(length * rng.uniform(*take.RISE)))
    true = (1, 1 + rise, 1 + length)
    onset, apex = true[:2]
    if kind == "micro" and rng.random() < MISSED:
        onset += round(rng.uniform(0, LATE) * rise)
        apex = min(max(onset + 3, apex + round(rng.uniform(-AWAY, AWAY) * rise)), true[2] - 1)
    offset = true[2] if kind == "micro" else apex  # acted expressions are recorded up to the apex
    near = [event + step for event in (onset, apex) for step in (-1, 0, 1)] if kind == "micro" else []
    steps = np.linspace(onset, offset, STEPS[kind]).round()
    video = tuple(dict.fromkeys(map(int, steps)))
    rendered = tuple(sorted({*near, *video}))
    clip = Clip(
        dataset=POPULATION, subject=subject, name=name, origin="generated", folder="", first=rendered[0],
        last=rendered[-1], frames=len(rendered), onset=onset, apex=apex, offset=offset, fps=FPS, emotion=emotion,
        label=LABELS.index(LABEL.get(emotion, "negative")), objective_class=display.shown_class(weights),
        action_units=display.notation(weights),
    )  # fmt: skip
    return PlannedClip(clip, kind, weights, true, true[2] + 2, rendered, video)


def render_clip(
    planned: PlannedClip, performer: Performer, face: Face, params: Params, faces_params: faces.Params,
    flow_params: flow.Params, grey: bool,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Render, track and measure one clip; return its datasets by name, as schema `population` has them.

    Crops and landmarks are half as large as those of the faces stage; flow is in pixels of the full crop, as there."""
    clip = planned.clip
    rng = generator(params.seed, clip.id, "performance")
    difficulty = DIFFICULTIES[str(rng.choice(["easy", "standard", "hard"]))]
    if planned.kind == "macro":
        difficulty = replace(difficulty, low=take.STRONG[0], high=take.STRONG[1])
    if rng.random() < OTHER_SCENE:
        other = Performer.sample(rng)
        performer = replace(performer, light=other.light, pose=other.pose, zoom=other.zoom)
    wall = camera.wall(SIZE, generator(params.seed, clip.id, "wall"))
    performance = perform(performer, planned.weights, *planned.events, planned.length, FPS, difficulty, rng)
    frames = render_frames(face, performer, performance, planned.rendered, wall, difficulty.noise, rng)
    recorded = [record(image, difficulty.quality, grey) for image, _ in frames]
    tracked = faces.track(recorded.copy, faces_params, clip.id)
    onset, apex = (planned.rendered.index(event) for event in (clip.onset, clip.apex))
    settings = flow_params if planned.kind == "micro" else flow_params.model_copy(update={"average": 0})
    vectors = flow.normalise(flow.clip_flow(luma(tracked.crop), onset, apex, settings), flow_params.normalise)
    intensity = with_both_sides(performance.action_units[list(planned.rendered)][:, UNITS])
    return {
        "frame": np.array(planned.rendered),
        "in_video": np.isin(planned.rendered, planned.video),
        "onset": np.array(clip.onset), "apex": np.array(clip.apex), "offset": np.array(clip.offset),
        "crop": np.stack([reduce(crop, CROP) for crop in tracked.crop]),
        "landmarks_crop": reduce_points(tracked.landmarks_crop, CROP),
        "pose": tracked.pose,
        "smoothed": intensity,
        "relative": intensity - intensity[onset],
        "onset_apex": vectors,
    }  # fmt: skip


def record(image: np.ndarray, quality: int, grey: bool = False) -> np.ndarray:
    """Return an image RGB uint8[H, W, 3] after JPEG of this quality, 0..100; uint8[H, W] if `grey`."""
    pixels = luma(image) if grey else image[..., ::-1]
    encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED))
    return decoded if grey else np.ascontiguousarray(decoded[..., ::-1])


def reduce(crop: np.ndarray, size: int) -> np.ndarray:
    """Return a crop uint8[H, H, C] as uint8[size, size, C], each pixel the mean of the area that it covers."""
    return np.asarray(cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)).reshape(size, size, -1)


def reduce_points(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return landmarks [..., 2] in pixels of a crop of the faces stage as those of one of `size` pixels."""
    return np.asarray((landmarks + 0.5) * size / faces.CROP - 0.5)
