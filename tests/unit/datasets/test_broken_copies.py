"""Each way in which a copy can be broken, through `microexpr check` and through the steps of a run that read it."""

import re
import shutil
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml
from bad_input import BROKEN, COUNTS, FACES, NOTE, Broken, frames
from broken import as_nobody, as_png
from scratch import ROOT
from small_corpora import write_corpus

from microexpr import datasets
from microexpr.cli import config
from microexpr.cli.main import main
from microexpr.core.errors import MicroexprError
from microexpr.datasets import index
from microexpr.datasets.check import SHORT
from microexpr.rendering import plan
from microexpr.rendering.layouts import NATIVES

sys.path.append(str(ROOT / "workflow"))
from preset import merge

from microexpr.tasks.run import Run
from reader_fits.population.planned import Population

SMALL = plan.Params(max_frames=17, **{name: plan.Corpus(subjects=2, clips=3) for name in NATIVES})


@cache
def checked(dataset: str) -> dict:
    """The tiny preset with this one licensed data set, checked."""
    whole = config.load(ROOT / "params.yaml")
    changes = yaml.safe_load((ROOT / "workflow/presets/tiny.yaml").read_text(encoding="utf-8"))
    merge(whole, changes)
    micro = dataset in datasets.MICRO
    sets = {"datasets": [dataset] if micro else ["smic"], "macro": [] if micro else [dataset]}
    return config.check_cached(whole | sets)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """pristine(dataset): the root of a project with that data set under data/raw."""
    base = tmp_path_factory.mktemp("pristine")

    @cache
    def written(dataset: str) -> Path:
        write_corpus(base / dataset / "data/raw" / dataset, dataset, SMALL)
        (base / dataset / "work/params").mkdir(parents=True)
        (base / dataset / "work/params").chmod(0o777)
        return base / dataset

    return written


@pytest.fixture
def copy(pristine, tmp_path, monkeypatch):
    """copy(dataset): a copy's folder, to do anything with, from a project's root as the working folder."""

    def made(dataset: str) -> Path:
        shutil.copytree(pristine(dataset), tmp_path, dirs_exist_ok=True)
        tmp_path.chmod(0o755)
        monkeypatch.chdir(tmp_path)
        return Path("data/raw") / dataset

    return made


@pytest.fixture(scope="module")
def sound(pristine):
    """sound(dataset): the notes and clips of a copy that is not broken, and how many `check` finds."""

    @cache
    def answer(dataset: str) -> tuple[str, list[str], list[str]]:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(pristine(dataset))
            return run(dataset)

    return answer


def run(dataset: str) -> tuple[str, list[str], list[str]]:
    """Return the error, the notes and the clips of a run: of its DAG, of the frames it reads and of its index."""
    notes: list[str] = []
    try:
        clips = Run(checked(dataset), Population).corpus.clips[dataset]
        for clip in clips:
            for _ in datasets.frame_reader(clip, note=notes.append)[1]():
                pass
        notes += index.verify(dataset, clips, index.Params())
    except MicroexprError as error:
        return str(error), notes, []
    return "", notes, [clip.id for clip in clips]


def found(expected: str, notes: list[str], others: list[str]) -> bool:
    lines = notes if expected.startswith(NOTE) else others
    return any(re.search(expected.removeprefix(NOTE), line) for line in lines)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.kind)
def test_is_said(case: Broken, copy, sound, capsys):
    root, (_, usual, clips) = copy(case.dataset), sound(case.dataset)
    case.spoil(root)
    root_again = as_nobody() if case.nobody else lambda: None
    try:
        code = main(["check", str(root)])
        error, notes, ids = run(case.dataset)
    finally:
        root_again()
    printed = capsys.readouterr()
    lines = (printed.out + printed.err.replace("error: ", "")).splitlines()
    check_notes = [line.removeprefix(NOTE) for line in lines if line.startswith(NOTE)]
    problems = [line for line in lines if not line.startswith(NOTE)]
    assert len(problems) == len(set(problems))
    assert code == 1  # a small corpus is no complete copy in any case, unless nothing is known of it
    expected = case.check if case.run is None else case.run
    if not case.check:
        assert (check_notes, [line for line in problems if line.endswith(" problem")]) == ([], [f"{root}: 1 problem"])
    else:
        assert found(case.check, check_notes, problems), "\n".join(lines)
    if not expected:
        assert (error, [line for line in notes if line not in usual and not re.search(COUNTS, line)]) == ("", [])
        assert set(clips) <= set(ids)
    else:
        assert found(expected, notes, [error]), f"{error}\n{notes}"
        assert not error or not expected.startswith(NOTE), error


@pytest.mark.parametrize("dataset", datasets.MICRO)
def test_a_run_reads_a_sound_copy_of_each_by_itself(dataset, copy):
    """From `datasets: [<name>]` of params alone, with a note on the number of clips and nothing else."""
    root = copy(dataset)
    error, notes, clips = run(dataset)
    assert (error, [note for note in notes if not re.search(COUNTS, note)]) == ("", [])
    assert clips == [item.clip.id for item in plan.plan_clips(dataset, SMALL, seed=3)]
    assert [note.startswith(f"{root}: must hold") for note in notes] == [True]


@pytest.mark.parametrize("case", FACES, ids=lambda case: case.kind)
def test_check_sees_black_frames_and_no_faces(case: Broken, copy, capsys):
    root = copy(case.dataset)
    case.spoil(root)
    main(["check", str(root)])
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith(NOTE)]
    assert [bool(re.search(case.check, line)) for line in notes] == [True] * bool(case.check)


def test_notes_on_pixels_come_once_however_often_a_clip_is_read(copy, monkeypatch):
    root = copy("casme2")
    for path in frames(root):
        as_png(path, lambda image: image.convert("RGBA"))
    clip = datasets.layout("casme2").read(root, "licensed")[0][0]
    monkeypatch.setattr(datasets, "HELD_BYTES", 400)
    notes: list[str] = []
    pictures = datasets.frame_reader(clip, note=notes.append)[1]
    for _ in range(3):
        assert len(list(pictures())) == clip.frames
    assert len(notes) == 1 and f"in {clip.frames} of {clip.frames} frames" in notes[0]
    assert index.Params().min_frames == SHORT  # of which `check` warns
