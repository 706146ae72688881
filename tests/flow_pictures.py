"""Precomputed flow pictures for tests, in both layouts, as many as MEGC2019 has. No assertions here, no real flow."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

COUNTS = {"smic": (16, (70, 51, 43)), "casme2": (24, (88, 32, 25)), "samm": (28, (92, 26, 15))}
LIST = "combined_3_class2_for_optical_flow.csv"
COLUMNS = ("", "dataset", "sub", "filename_o", "label", "apex", "imagename", "sub_filename")


@dataclass(frozen=True)
class Picture:
    """One clip, named as its data set names it."""

    dataset: str
    subject: str
    clip: str
    label: int

    @property
    def id(self) -> str:
        return f"{self.dataset}/{self.subject}/{self.clip}"

    @property
    def stem(self) -> str:
        return f"{self.subject}_{self.clip}"


def composite(*datasets: str) -> list[Picture]:
    """All clips of these data sets (default: of all three), sorted by id."""
    made = []
    for dataset in datasets or COUNTS:
        people, classes = COUNTS[dataset]
        form = {"smic": "s{:02d}", "casme2": "sub{:02d}", "samm": "{:03d}"}[dataset]
        for label, count in enumerate(classes):
            for number in range(count):
                subject = form.format(number % people + 1)
                clip = {
                    "smic": f"{subject}_{('ne', 'po', 'sur')[label]}_{number:02d}",
                    "casme2": f"EP{label}{number:02d}_01f",
                    "samm": f"{subject}_{label + 1}_{number}",
                }[dataset]
                made.append(Picture(dataset, subject, clip, label))
    return sorted(made, key=lambda one: one.id)


def pixels(one: Picture) -> np.ndarray:
    """uint8[28, 28, 3] as OpenCV writes it, strain, v, u: noise, and u is large in the rows of the class."""
    flow = np.random.default_rng(sum(one.id.encode())).normal(size=(28, 28, 3))
    flow[9 * one.label : 9 * one.label + 9, :, 2] += 4
    low, high = flow.min((0, 1)), flow.max((0, 1))
    return np.rint((flow - low) / (high - low) * 255).astype(np.uint8)


def write_folders(root: Path, pictures: Sequence[Picture]) -> None:
    """<root>/<subject>/{u_train,u_test}/<class>/<subject>_<clip>.png; those in u_train are links to one file."""
    people = sorted({one.subject for one in pictures})
    for subject in people:
        for side in ("u_train", "u_test"):
            for label in "012":
                (root / subject / side / label).mkdir(parents=True)
    for one in pictures:
        name = f"{one.label}/{one.stem}.png"
        tested = root / one.subject / "u_test" / name
        assert cv2.imwrite(str(tested), pixels(one))
        for subject in people:
            if subject != one.subject:
                os.link(tested, root / subject / "u_train" / name)


def write_list(root: Path, pictures: Sequence[Picture]) -> None:
    """<root>/STSNet_whole_norm_u_v_os/<subject>_<clip> .png, and the list beside that folder."""
    folder = root / "STSNet_whole_norm_u_v_os"
    folder.mkdir(parents=True)
    with (root / LIST).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for number, one in enumerate(pictures):
            assert cv2.imwrite(str(folder / f"{one.stem} .png"), pixels(one))
            apex = f"{one.stem}_apex.png"  # a frame, which nobody has
            table.writerow([number, one.dataset, one.subject, one.clip, one.label, 20, apex, one.stem])
