"""What a prediction can be trusted with: whom its models have seen, and where a video is unlike that."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from microexpr.apps.predict.footage import Footage
from microexpr.core import store
from microexpr.signals.face_regions import eye_distance
from microexpr.signals.faces import FaceTrack

NOTICE = (
    "What somebody feels cannot be told from a face with certainty; scores are a network's, no finding about a person.",
    "The EU's AI Act (Regulation 2024/1689) forbids inferring emotions at work and in education but for medical or "
    "safety reasons (Art. 5), holds other uses high-risk (Annex III) and asks that people be told (Art. 50); "
    "data protection and other countries' laws apply too.",
)
# What the shipped models were fitted on, and spotting was set on: rendered films at 100 frames a second.
FPS = (50.0, 250.0)
EYES = 60.0  # pixels between the outer eye corners, half of what the crop has
TURNED = 12.0  # degrees
SEEN = 0.98  # of the frames


def fitted_on(path: Path, entries: Iterable[str]) -> str:
    """Of a model's file: "40 generated people (predict_model); UF1 0.85 on 12 people held out"."""
    people: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in entries:
        origin, dataset, subject, _ = entry.split("/")
        people[origin, dataset].add(subject)
    told = [f"{len(who)} {origin} people ({dataset})" for (origin, dataset), who in sorted(people.items())]
    said = store.read_metadata(path)
    errors = json.loads(said.get("errors", "{}"))
    figure = f"UF1 {errors['uf1']:.2f} on {said['held_out']} held out" if "uf1" in errors else ""
    return "; ".join([", ".join(told), *filter(None, [figure])])


def warnings(footage: Footage, face: FaceTrack, entries: Iterable[str]) -> list[str]:
    """Where a video differs from what models were fitted on, `entries` of their provenance, a line each."""
    found = []
    origins = {entry.split("/")[0] for entry in entries}
    own = "generated" if footage.generated else "licensed"
    if own not in origins:
        whom = "a generated face" if footage.generated else "not marked as generated, perhaps of a person"
        found.append(f"the video is {whom}; models saw {' and '.join(sorted(origins))} faces alone")
    elif not footage.generated and "generated" in origins:
        found.append("the video is not marked as generated; some of the models saw generated faces alone")
    if not FPS[0] <= footage.fps <= FPS[1]:
        found.append(f"{footage.fps:g} frames a second; models saw 100 to 200, and spotting was set at 100")
    known = face.landmarks[face.detected]
    apart = float(np.median(eye_distance(known)))
    if apart < EYES:
        found.append(f"the face is small: {apart:.0f} pixels between the outer eye corners, fewer than {EYES:.0f}")
    pose = np.median(face.pose()[face.detected], axis=0)
    turned = [f"{name} {angle:.0f}" for name, angle in zip(("yaw", "pitch", "roll"), pose, strict=True)]
    if np.abs(pose).max() > TURNED:
        found.append(f"the head is turned ({', '.join(turned)} degrees); models saw it within {TURNED:.0f}")
    if footage.grey:
        found.append("the video is grey; models saw what was filmed in colour")
    if face.detected.mean() < SEEN:
        found.append(f"no face in {1 - face.detected.mean():.0%} of the frames; nothing is spotted there")
    if face.other_faces:
        found.append(f"{face.other_faces} more faces; only the largest is looked at")
    return found
