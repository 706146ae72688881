"""Classify a micro-expression from two pictures of one face, before and at its height. Reads no video."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from microexpr.apps.predict import Models, limits, recognition, written
from microexpr.apps.predict.recognition import Classes, Excerpt
from microexpr.core.arrays import luma
from microexpr.core.errors import DataError
from microexpr.signals import faces
from microexpr.signals.aus import ACTION_UNITS, NAMES, regressor
from microexpr.signals.faces import detection

CLEAR = 2.0  # standard deviations to expect of a reading, above which a unit counts as moved


@dataclass(frozen=True, slots=True)
class Pair:
    """The result for two pictures."""

    classes: Classes
    action_units: Mapping[str, float]  # by sided name, "AU12L": rise from one picture to the other, largest first
    errors: Mapping[str, float]  # by sided name of every unit: standard deviation to expect of its rise

    @property
    def certainty(self) -> str:
        """How far the class can be relied on: not at all where nothing moves clearly."""
        return self.classes.certainty if self.action_units else "cannot tell"

    @property
    def predicted_class(self) -> str:
        """The most probable class."""
        return self.classes.predicted_class

    def to_document(self, models: Models) -> dict[str, Any]:
        """Return the result by names, with the models' training data and the limits of the result."""
        of_classes = self.classes.to_dict()
        return {
            "class": self.predicted_class,
            "certainty": self.certainty,
            **{name: of_classes[name] for name in ("classes", "reasons", "regions")},
            "action_units": {name: round(amount, 3) for name, amount in self.action_units.items()},
            "notice": list(limits.NOTICE),
            "models": list(models.descriptions),
        }

    def __str__(self) -> str:
        """Return the result in one line."""
        moved = written.stronger_sides(dict(self.action_units))
        units = ", ".join(f"{unit} {NAMES[unit]} +{amount:.1f}" for unit, amount in moved.items())
        text = f"{self.predicted_class}, {self.certainty} ({self.classes.shares})"
        return "; ".join([text, *self.classes.reasons, units or "no action unit moves clearly"])


def predict(onset: np.ndarray, apex: np.ndarray, models: Models, name: str) -> Pair:
    """Classify the change from one picture to another, uint8[H, W, 3] RGB or uint8[H, W] grey.

    Both are frames of one camera that did not move, of the same size; faces that lie on their side are turned. Raises
    DataError where a picture shows no face, or they differ in size; `name` stands for them there."""
    for image in (onset, apex):
        if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[-1] == 3)):
            raise DataError(f"{name}: must be uint8[H, W, 3] or uint8[H, W], not {image.dtype}{[*image.shape]}")
    if onset.shape[:2] != apex.shape[:2]:
        sizes = " and ".join(f"{image.shape[1]}x{image.shape[0]}" for image in (onset, apex))
        raise DataError(f"{name}: must be of one size, frames of the same camera, not {sizes}")
    images = [onset, apex] if onset.ndim == apex.ndim else [luma(image) for image in (onset, apex)]
    turn = detection.best_turn(images)
    images = [np.ascontiguousarray(np.rot90(image, turn)) for image in images]
    try:
        track = faces.track(lambda: images, faces.Params(min_detected=1.0), name)
    except faces.Faceless:
        raise DataError(f"{name}: must both show a face, seen from the front") from None
    pose, landmarks = track.pose.astype(float), track.landmarks_crop
    excerpt = Excerpt(track.crop, landmarks, landmarks.astype(float), pose, 0, 1, 1, 0.0, track.in_frame)
    classes = recognition.classify(models.recogniser, models.calibration, excerpt, models.reader)
    before, after = map(regressor.reduce_crop, luma(track.crop))
    change = models.reader.change(before, [after])
    clear = np.argwhere(change.values[0] > CLEAR * change.errors[0])
    by_unit = {f"{ACTION_UNITS[unit]}{'LR'[side]}": float(change.values[0, side, unit]) for side, unit in clear}
    rises = dict(sorted(by_unit.items(), key=lambda item: -item[1]))
    against = limits.contradiction(rises, classes.predicted_class)
    errors = {f"{unit}{'LR'[s]}": float(change.errors[0, s, u]) for u, unit in enumerate(ACTION_UNITS) for s in (0, 1)}
    return Pair(classes._replace(reasons=(*against, *classes.reasons)), rises, errors)
