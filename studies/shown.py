"""What a clip of the null corpus shows, and when, by class: read from the plan, so nothing is rendered or trained."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.stats import kruskal

from microexpr.core import seeds
from microexpr.core.clip import LABELS
from microexpr.rendering import corpus, display, plan
from microexpr.rendering.performance import Performer

MANY = {"subjects": 40, "clips": 60}  # timings cost no rendering, so there can be many
LEAST_P = 0.001  # of twelve tests


def course_by_class(generate: dict[str, Any], datasets: list[str]) -> Iterator[str]:
    """Names clips whose course of action units, pose, place or brightness is another under another emotion's display.

    The renderer and the camera get these and the clip's name, which keys the noise; so this is exact, not a sample."""
    scene = corpus.Scene(generate["difficulty"], generate["width"], generate["height"])
    for dataset in datasets:
        for one in plan.plan_clips(dataset, plan.Params(**generate), seed=1):
            performer = Performer.sample(seeds.generator(1, "campaign", one.clip.subject))
            played = corpus.play(one, performer, scene, seed=1)
            for emotion in display.DISPLAYS:
                weights = display.sample_display(emotion, seeds.generator(1, "campaign", one.clip.id, emotion))
                other = corpus.play(replace(one, weights=weights), performer, scene, seed=1)
                if not all(np.array_equal(getattr(played, name), getattr(other, name)) for name in played.__slots__):
                    yield f"{one.clip.id} must look the same when its emotion is {emotion}, but does not"


def timing_by_class(generate: dict[str, Any], datasets: list[str]) -> Iterator[str]:
    """Names timings of planned clips that differ between the classes of a data set (Kruskal-Wallis)."""
    for dataset in datasets:
        planned = plan.plan_clips(dataset, plan.Params(**generate | {dataset: MANY}), seed=1)
        labelled = [one for one in planned if one.clip.label is not None]
        label = np.array([one.clip.label for one in labelled])
        timings = {
            "frames": [one.clip.frames for one in labelled],
            "frames until the apex": [one.apex - one.clip.first for one in labelled],
            "frames after the apex": [one.clip.last - one.apex for one in labelled],
            "first frame": [one.clip.first for one in labelled],
        }
        for name, values in timings.items():
            p = kruskal(*(np.array(values)[label == number] for number in range(len(LABELS)))).pvalue
            print(f"{dataset:<7} {name:<21} p = {p:.3f} that classes do not differ in it", flush=True)
            if p < LEAST_P:
                yield f"{dataset}: {name} must be the same for all classes, not differ with p = {p:.2g}"
