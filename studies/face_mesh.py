"""Do distances of MediaPipe's face mesh move as our action units do, in recordings and in rendered films?

    make facemesh
    cut -d, -f1 studies/face_mesh.csv | sort -u | grep / |
        xargs -I{} git clone --depth 1 https://github.com/{} clones/{}      # some gigabytes
    python studies/face_mesh.py clones --write-docs                         # the table of docs/measures.md

It prints Pearson's correlations, over the frames in which both are known, of a unit as `microexpr measure` reads it
(mean of both sides) and a distance, which a landmark's error and the turn of the head change too. Films, whose true
units are known, show how much these matter. The distances were chosen by their correlation with the true units of
films of seeds 101 to 104, not by any reading. The landmarks are those of MediaPipe 0.10.14 (Lugaresi et al. 2019,
arXiv:1906.08172; Kartynnik et al. 2019, arXiv:1907.06724; Grishchenko et al. 2020, arXiv:2006.10962). No picture is
stored or shown by us.
"""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import checkout
import hard_videos
import numpy as np
import pages

import microexpr
from facs_faces import display, take
from facs_faces.performance import Performer
from microexpr.core.seeds import generator

PAGE, MARK = "docs/measures.md", "study-face-mesh"
ENVIRONMENT = checkout.ROOT / "envs/facemesh"
EYES = (33, 263)  # outer corners; their distance is the unit of all others
LEAST = 0.02  # of it: a distance that moves less, from the 5th to the 95th percentile, is not compared
FILM = {"seconds": 40, "fps": 25, "micro": 4, "macro": 10, "blinks": 6}
SHOWN = ("still", "talking", "turning")
LEAST_TRUE = 1.0  # FACS intensity: how far a unit of a film moves that is compared


class Distance(NamedTuple):
    """A distance that a unit makes larger, or with sign -1 smaller: the mean of pairs of landmarks of the mesh."""

    words: str
    sign: int
    pairs: tuple[tuple[int, int], ...]  # landmarks of MediaPipe's canonical face, the subject's right side first

    def of(self, points: np.ndarray) -> np.ndarray:
        """Return the signed distance in each frame, float[T], of points float[T, 478, 3]; in the picture's plane."""
        lengths = [np.linalg.norm(points[:, i, :2] - points[:, j, :2], axis=1) for i, j in (*self.pairs, EYES)]
        return self.sign * np.mean(lengths[:-1], axis=0) / lengths[-1]

    def __str__(self) -> str:
        return f"{'minus ' * (self.sign < 0)}{self.words} ({', '.join(f'{i}-{j}' for i, j in self.pairs)})"


LIDS, WIDTH = ((159, 145), (386, 374)), ((61, 291),)
DISTANCES = {
    "AU1": Distance("inner brow to inner eye corner", 1, ((55, 133), (285, 362))),
    "AU2": Distance("outer brow to outer eye corner", 1, ((63, 33), (293, 263))),
    "AU4": Distance("inner brows", -1, ((55, 285),)),
    "AU5": Distance("lids of an eye", 1, LIDS),
    "AU9": Distance("inner brow to wing of the nose", -1, ((55, 129), (285, 358))),
    "AU10": Distance("wing of the nose to upper lip", -1, ((129, 39), (358, 269))),
    "AU12": Distance("width of the mouth", 1, WIDTH),
    "AU15": Distance("corner of the mouth to base of the nose", 1, ((61, 2), (291, 2))),
    "AU17": Distance("lower lip to base of the nose", -1, ((17, 2),)),
    "AU20": Distance("width of the mouth", 1, WIDTH),
    "AU25": Distance("inner edges of the lips", 1, ((13, 14),)),
    "AU26": Distance("outer edges of the lips", 1, ((0, 17),)),
    "AU45": Distance("lids of an eye", -1, LIDS),
}


def main() -> int:
    arguments = pages.parser(__doc__, PAGE, clones=True, first=1, seeds=3, keep=None).parse_args()
    cells: dict[tuple[str, str], list[str]] = defaultdict(list)
    with checkout.folder(arguments.keep) as root:
        root.mkdir(parents=True, exist_ok=True)
        for row in pages.read_list("face_mesh.csv"):
            read, mesh = measure(arguments.clones / row["repository"] / row["video"], root)
            moves = np.diff(np.nanpercentile(mesh, [5, 95], axis=0), axis=0)[0] >= LEAST
            for i, unit in enumerate(DISTANCES):
                cells[unit, row["shows"]].append(f"{correlation(read[:, i], mesh[:, i]):z.2f}" if moves[i] else "-")
            print(*row.values(), f"{len(read)} frames", file=sys.stderr, flush=True)
        for shows in SHOWN:
            films = []
            for seed in range(arguments.first, arguments.first + arguments.seeds):
                true = film(root / f"{shows}-{seed}.avi", shows, seed)
                films.append((true, *measure(root / f"{shows}-{seed}.avi", root)))
                print("film", shows, seed, file=sys.stderr, flush=True)
            for i, unit in enumerate(DISTANCES):
                moving = [[part[:, i] for part in parts] for parts in films if np.ptp(parts[0][:, i]) >= LEAST_TRUE]
                for name, first, second in (("read", 1, 0), ("mesh", 2, 0), ("both", 1, 2)):
                    values = [correlation(parts[first], parts[second]) for parts in moving]
                    cells[unit, name].append(f"{np.mean(values):z.2f}" if values else "-")
    table = pages.Table("unit", "distance between landmarks", *SHOWN, "films: unit read, true", "distance, true",
                        "unit read, distance")  # fmt: skip
    for unit, distance in DISTANCES.items():
        table.add(unit, distance, *(" ".join(cells[unit, name]) for name in (*SHOWN, "read", "mesh", "both")))
    table.publish(PAGE, MARK, writes=arguments.write_docs)
    return 0


def measure(path: Path, root: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the units that are read and the distances of the mesh in T frames of a video, float[T, units] each."""
    table = microexpr.measure(path)
    python, target = ENVIRONMENT / ".venv/bin/python", root / "landmarks.npy"
    if not python.exists():
        raise SystemExit("error: the face mesh needs MediaPipe: make facemesh")
    command = [python, ENVIRONMENT / "landmarks.py", path.resolve(), target]
    done = subprocess.run(command, env=checkout.environment(checkout.ROOT), stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    points = np.load(target)
    read = [table[f"AU{int(unit[2:]):02d}_r"].to_numpy() for unit in DISTANCES]
    return np.column_stack(read), np.column_stack([distance.of(points) for distance in DISTANCES.values()])


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Pearson's correlation where both are known; 0 where one does not move."""
    pair = np.stack([first, second])
    pair = pair[:, np.isfinite(pair).all(axis=0)]
    return float(np.corrcoef(pair)[0, 1]) if pair.std(axis=1).min() > 0 else 0.0


def film(path: Path, shows: str, seed: int) -> np.ndarray:
    """Render a film; return its true units, float[T, units], the mean of both sides."""
    rng = generator(seed, "study", "face mesh", shows)
    params, performer = take.Params(**FILM, speech=6 * (shows == "talking")), Performer.sample(rng)
    performance = take.perform(performer, take.sample_events(params, rng), params, rng)
    if shows == "turning":
        performance = hard_videos.turn_head(performance, params.fps, rng)
    hard_videos.record_performance(path, performer, performance, params.fps, rng)
    units = [display.ACTION_UNITS.index(unit) for unit in DISTANCES]
    return performance.action_units[:, units].mean(axis=2)


if __name__ == "__main__":
    pages.start(main)
