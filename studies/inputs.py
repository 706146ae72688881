"""Show how commands and functions tell who, which recording, column, row and frame is meant, or that they cannot.

python studies/inputs.py --write-docs      # the table of docs/who-and-which.md, two minutes
python studies/inputs.py subject           # situations whose name has this in it
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pages
import situations
from checkout import encoded

from microexpr.rendering import film
from microexpr.rendering.corpus import Scene
from microexpr.rendering.long_videos import LongCorpus

PAGE, MARK = "docs/who-and-which.md", "study-inputs"
HEAD = "recording,subject,kind,onset,offset,emotion,action_units,coder\n"
TWO = "agreement a.csv --coders anna ben --fps 30"
SHOWN = re.compile(r"micro +(F1|events)|FACS|note: (?!.*its video is not)|error|subjects$|problem|could|must|Error|^\d")


def both(*rows: str, head: str = HEAD) -> dict[str, str]:
    """Return a table of two coders' events."""
    return {"a.csv": head + "".join(f"{row}\n" for row in rows)}


def own(*rows: str, head: str = HEAD, facts: str = "") -> dict[str, str]:
    """Return the annotation of the own data set `mine`, with its dataset.yaml."""
    return {"mine/annotations.csv": head + "".join(f"{row}\n" for row in rows), "mine/dataset.yaml": facts}


LOSO = """
import numpy, pandas, microexpr, microexpr.core.errors
from sklearn.neighbors import KNeighborsClassifier
labels, subjects = numpy.tile(["neg", "pos"], 6), numpy.repeat(["s1", "s2", "s3"], 4)
inputs = numpy.random.default_rng(0).normal(size=(12, 3)); method = KNeighborsClassifier(1)
try: print({})
except microexpr.core.errors.MicroexprError as error: print("error:", error)
"""
A, B = "micro,10,20,,,anna", "micro,10,20,,,ben"
LOG = "vid,onset,offset,type\n"
SITUATIONS: dict[str, tuple[str, Mapping[str, str]]] = {  # by name: command or expression, and files
    "subjects m1 and f1 have the digits of one": (
        TWO, both(f"a.mp4,m1,{A}", "a.mp4,f1,micro,90,99,,,anna", f"a.mp4,f1,{B}", "a.mp4,m1,micro,90,99,,,ben")),
    "a subject is written s1, S01 and s1 with a blank": (TWO, both(f"a,s1,{A}", "a,S01,micro,40,50,,,anna",
        f"a,s1 ,{B}", "a,s01,micro,40,50,,,ben")),
    "a subject is written s1 and 1": (TWO, both(f"a,s1,{A}", f"a,1,{B}")),
    "a row lacks its subject, and two have this recording": (TWO, both(f"a,s1,{A}", f"a,s2,{A}", f"a,,{B}")),
    "a subject is 006, and 6 after Excel": (
        "check mine", own("s01/take,006,micro,5,9,fear,,", "s02/take,6,micro,5,9,fear,,")),
    "dataset.yaml says that 006 and 6 are two subjects": ("check mine", own(
        "s01/take,006,micro,5,9,fear,,", "s02/take,6,micro,5,9,fear,,", facts="subjects: {'006': a6, '6': b6}\n")),
    "a subject is s1 in half of the rows, S1 in the other": (
        "microexpr.loso(method, inputs, labels, ['s1', 'S1'] * 3 + ['s2', 'S02'] * 3).fold.nunique()", {}),
    "fitted_on has a subject in another spelling": (
        "microexpr.loso(method, inputs, labels, subjects, fitted_on=['S01'])", {}),
    "a recording with and without its folder": (TWO, both(f"s01/a.mp4,,{A}", f"a,,{B}")),
    "a recording's name that two folders have": (TWO, both(f"s01/a,,{A}", f"s02/a,,{A}", f"a,,{B}")),
    "a row names no recording, and there are two": (TWO, both(f"a,,{A}", f"b,,{A}", f",,{B}")),
    "a recording that is not there": ("check mine", own("s01/tkae.mp4,,micro,5,9,fear,,")),
    "labels and predictions in other orders, both with their index": (
        "microexpr.evaluate(p := pandas.Series(labels), p.sample(frac=1), pandas.Series(subjects)).uf1", {}),
    "the same, next to an array": (
        "microexpr.evaluate(p := pandas.Series(labels), p.sample(frac=1), subjects).uf1", {}),
    "folds that test a clip twice": (
        "microexpr.loso(method, inputs, labels, subjects, folds=[([0], [8]), ([1], [8])])", {}),
    "an event is there twice": (TWO, both(f"a,,{A}", f"a,,{A}", f"a,,{B}")),
    "an empty class next to an emotion": (
        "check mine", own("s01/take,micro,5,9,,fear", head="recording,kind,onset,offset,class,emotion\n")),
    "emotion and class differ": (
        "check mine", own("s01/take,micro,5,9,anger,fear", head="recording,kind,onset,offset,class,emotion\n")),
    "a column units of times, next to action_units": (
        TWO, both("a,micro,10,20,6+12,frames,anna", "a,micro,10,20,4,frames,ben",
        head="recording,kind,onset,offset,action_units,units,coder\n")),
    "a coder has corrected the seconds, and not the frames": (
        "check mine", own("s01/take,micro,5,9,0.6", head="recording,kind,onset,offset,offset_seconds\n")),
    "codes such as 6 12 and 4;9": (
        TWO, both("a,,micro,10,20,,6+12,anna", "a,,micro,40,50,,4+7,anna", "a,,micro,10,20,,6 12,ben",
        "a,,micro,40,50,,4;9,ben")),
    "a code that is none": (TWO, both("a,,micro,10,20,,6+12,anna", "a,,micro,10,20,,6+smirk,ben")),
    "a coder is Anna in one row, and one row has no coder": (
        TWO, both("a,,micro,10,20,,,Anna", "a,,micro,40,50,,,", f"a,,{B}")),
    "true onset and pred_onset in one log": (
        "score log.csv --videos samm_long", {"log.csv": "vid,onset,pred_onset,pred_offset\n006_1,120,1,30\n"}),
    "a log of seconds": ("score log.csv --videos samm_long", {"log.csv": LOG + "006_1,0.6,0.97,me\n"}),
    "1,200 in a log": ("score log.csv --videos samm_long", {"log.csv": LOG + '006_1,"1,200","1,300",me\n'}),
    "an interval after the video's end": (
        "score log.csv --videos samm_long", {"log.csv": LOG + "006_1,5120,5194,me\n"}),
    "an interval twice": ("score log.csv --videos samm_long", {"log.csv": LOG + "006_1,9,20,me\n006_1,9,20,me\n"}),
    "a subject whom the data set does not have": (
        "score log.csv --videos samm_long", {"log.csv": "subject,video,onset,offset\n077,006_1,9,20\n"}),
    "one clip below casme2 sub01 and CASME2 Sub1": (
        "score log.txt", {"log.txt": "casme2 sub01\nEP1 0 0\nCASME2 Sub1\nEP1 0 0\n"}),
    "a folder m1, and a row of f1": (TWO, both(f"m1/take,,{A}", f"take,f1,{B}")),
    "a subject is called Nan": (TWO, both(f"take,Nan,{A}", "take,Wei,micro,50,60,,,anna", f"take,Wei,{B}")),
    "a subject has two forms of an apostrophe": (
        "microexpr.loso(method, inputs, labels, ['O’Brien', \"O'Brien\"] * 3 + ['s2'] * 6).fold.nunique()", {}),
    "fitted_on names a clip": ("microexpr.loso(method, inputs, labels, subjects, fitted_on=['mine/s1/take'])", {}),
    "a coder under two spellings": ("agreement a.csv --coders C1 C01 --fps 30", both(f"a,,{A}", f"a,,{B}")),
    "half a class": ("score log.txt --classes 3.5", {"log.txt": "casme2 sub01\nEP1 0 0\n"}),
    "an option that is given twice": (f"{TWO} --fps 60", both(f"a,,{A}", f"a,,{B}")),
    "a clip above the first header": ("score log.txt", {"log.txt": "EP1 0 0\ncasme2 sub01\nEP2 1 1\n"}),
}  # fmt: skip


@cache
def long_videos() -> tempfile.TemporaryDirectory[str]:
    """Return a folder with rendered long videos."""
    folder = tempfile.TemporaryDirectory()
    corpus = LongCorpus(subjects=2, videos=1, seconds=6, micro=2, macro=1, blinks=1)
    film.write_data_set(Path(folder.name, "samm_long"), "samm_long", corpus, Scene("standard", 640, 480), 3)
    return folder


def answer(command: str, files: Mapping[str, str]) -> str:
    """Return what a command prints with these files, or a function returns or raises."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        for subject, first in (("s01", 30), ("s02", 60)) if "mine/dataset.yaml" in files else ():
            Path(folder, "mine", subject).mkdir()
            encoded.write(Path(folder, "mine", subject, "take.mp4"), encoded.shades(first + np.arange(20)), 25)
        if "samm_long" in command:
            Path(folder, "samm_long").symlink_to(Path(long_videos().name, "samm_long"))
        is_python = command.startswith("microexpr.")
        program = ["-W", "ignore", "-c", LOSO.replace("{}", command)] if is_python else command.split()
        done = subprocess.run(
            [sys.executable if is_python else situations.COMMAND, *program], cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
        lines = f"{done.stdout}{done.stderr}".replace(f"{folder}/", "").splitlines()
        return "\n".join(" ".join(line.split()) for line in lines if is_python or SHOWN.search(line))


def main() -> int:
    return situations.publish(__doc__, PAGE, MARK, ("asked", "answer"), SITUATIONS, answer)


if __name__ == "__main__":
    pages.start(main)
