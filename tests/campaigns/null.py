"""The control: on faces that show nothing no method may tell the class. One that seems to may have found a leak.

Three questions, each about another way in. Is what a clip shows the same whatever its class? Do the planned timings
differ between classes? Does any method, trained and tested as always, leave chance? Only the last one costs minutes.

The interval of the last is too narrow for a verdict by itself: people are resampled as if their predictions were
independent, but folds share training clips. docs/measured.md says by how much.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from checkout import METHODS, ROOT, Outcome, outcomes, parser
from scipy.stats import kruskal

from microexpr import params, seeds
from microexpr.clip import LABELS
from microexpr.generated import corpus, display, plan
from microexpr.generated.performer import Performer
from microexpr.metrics import bootstrap, confusion, uar

CHANCE = 1 / len(LABELS)
ROUNDING = 1e-6  # evaluate's figures have six decimals
RESAMPLES = 10_000
MANY = {"subjects": 40, "clips": 60}  # timings cost no rendering, so there can be many
LEAST_P = 0.001  # of twelve tests


def main() -> int:
    arguments = parser(__doc__ or "", seeds=3).parse_args()
    sections = params.load(ROOT / "params.yaml")
    generate = sections["generate"] | {"difficulty": "null"}
    broken = [*shown_by_class(generate, sections["datasets"]), *timed_by_class(generate, sections["datasets"])]
    runs: list[dict[str, Outcome]] = []
    for seed, found in outcomes(arguments.seeds, "null", arguments.keep):
        for method in METHODS:
            print(f"seed {seed}   {method:<10} {_line(*_evaluated(found[method]))}", flush=True)
        runs.append(found)
    for method in METHODS:
        value, low, high = pooled([found[method] for found in runs])
        print(f"{len(runs)} seeds  {method:<10} {_line(value, low, high)}")
        if not low - ROUNDING <= CHANCE <= high + ROUNDING:
            broken.append(f"{method}: the interval of UAR must hold 1/3, not be {low:.4f} to {high:.4f}")
    print("\n".join(broken) or "nothing tells the class")
    return 1 if broken else 0


def shown_by_class(generate: dict, datasets: list[str]) -> Iterator[str]:
    """Names clips whose course of action units, pose, place or brightness is another under another emotion's display.

    The renderer and the camera get these and the clip's name, which keys the noise; so this is exact, not a sample."""
    scene = corpus.Scene(generate["difficulty"], generate["width"], generate["height"])
    for dataset in datasets:
        for one in plan.planned(dataset, plan.Params(**generate), seed=1):
            performer = Performer.drawn(seeds.generator(1, "campaign", one.clip.subject))
            played = corpus.play(one, performer, scene, seed=1)
            for emotion in display.DISPLAYS:
                weights = display.draw(emotion, seeds.generator(1, "campaign", one.clip.id, emotion))
                other = corpus.play(replace(one, weights=weights), performer, scene, seed=1)
                if not all(np.array_equal(getattr(played, name), getattr(other, name)) for name in played.__slots__):
                    yield f"{one.clip.id} must look the same when its emotion is {emotion}, but does not"


def timed_by_class(generate: dict, datasets: list[str]) -> Iterator[str]:
    """Names timings of planned clips that differ between the classes of a data set (Kruskal-Wallis)."""
    for dataset in datasets:
        planned = plan.planned(dataset, plan.Params(**generate | {dataset: MANY}), seed=1)
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
            print(f"{dataset:<7} {name:<21} p = {p:.3f} that classes do not differ in it")
            if p < LEAST_P:
                yield f"{dataset}: {name} must be the same for all classes, not differ with p = {p:.2g}"


def pooled(runs: list[Outcome]) -> tuple[float, float, float]:
    """UAR over all seeds' clips, and its 95 % interval over resamples of all seeds' people.

    Every seed has the same number of clips of each class, so this is the mean of the seeds' UARs, too."""
    named = [(number, line) for number, run in enumerate(runs) for line in run.lines]
    people = np.array([f"{number}/{line.dataset}/{line.subject}" for number, line in named])
    truth, predicted = (np.array([getattr(line, name) for _, line in named]) for name in ("truth", "predicted"))
    rng = seeds.generator(0, "campaign", "null")  # the same resamples for every method
    value = float(uar(confusion(truth, predicted, len(LABELS))))
    return value, *bootstrap(truth, predicted, people, uar, RESAMPLES, rng)


def _evaluated(outcome: Outcome) -> tuple[float, float, float]:
    row = outcome.figures["uar"]
    return row["value"], row["low"], row["high"]


def _line(value: float, low: float, high: float) -> str:
    return f"UAR {value:.4f}, 95 % interval {low:.4f} to {high:.4f}"


if __name__ == "__main__":
    sys.exit(main())
