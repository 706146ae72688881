"""Loaders against the generator's plan, and against each quirk that the data sets are known for."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from broken import cell
from pydantic import ValidationError
from small_corpora import read

from microexpr import datasets
from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError
from microexpr.datasets.check import check
from microexpr.datasets.layout import example_name
from microexpr.datasets.layouts import Layout, facts
from microexpr.rendering import layouts
from microexpr.rendering.layouts import NATIVES

NAMES = sorted(NATIVES)
FACS = "SAMM_Micro_FACS_Codes_v2.xlsx"


@pytest.mark.parametrize("dataset", NAMES)
def test_reads_what_was_planned(corpus, dataset):
    root, planned = corpus(dataset)
    clips, notes = read(root)
    assert datasets.layout(dataset).name == NATIVES[dataset].dataset == dataset
    assert clips == [item.clip for item in planned]
    assert notes == []
    assert {clip.label for clip in clips} >= set(range(len(LABELS)))
    for clip in clips[:3]:
        frames = datasets.frames(clip)
        assert [number for number, _ in frames] == list(range(clip.first, clip.last + 1))
        assert all(path.is_file() for _, path in frames)


@pytest.mark.parametrize("dataset", [name for name in NAMES if datasets.layout(name).frame])
def test_the_name_of_a_frame_in_a_message_is_one(dataset):
    pattern = datasets.layout(dataset).frame
    assert pattern.fullmatch(example_name(pattern))
    assert not set(example_name(pattern)) & set("\\()[]{}?*+|")


def test_facts_that_nobody_reads_are_refused():
    about = facts("samm")
    with pytest.raises(ValidationError, match="colums"):
        Layout(**about.model_dump(include={"name", "title", "kind", "fps", "reader", "rendered"}), colums={})
    with pytest.raises(ValidationError, match="gray"):
        layouts.clips_native(about.model_copy(update={"rendered": {**about.rendered, "gray": True}}))


def test_a_rendered_corpus_is_not_compared_with_published_counts(corpus):
    root, _ = corpus("samm")
    report = check(root)
    assert (report.problems, report.notes) == ([], [])
    assert report.verdict == "readable; rendered, of the size that params.yaml sets (render)"


def test_check_lists_every_problem(small_copy):
    root, planned = small_copy("samm")
    cell(FACS, 1, "Apex Frame", "x")(root)
    cell(FACS, 2, "Onset Frame", 1)(root)
    broken = datasets.frames(planned[5].clip, root)[2][1]
    broken.write_bytes(broken.read_bytes()[:200])
    for expected, problem in zip(("row 15", "row 16", broken.name, "159 clips"), check(root).problems, strict=True):
        assert re.search(expected, problem)


@pytest.mark.parametrize("name", ["CASME2", "CASME II", "casme-2", "casme2.zip"])
def test_a_licensed_copy_under_another_name_is_no_reason_for_generated_faces(corpus, name):
    corpus("casme2")
    Path("data/raw").mkdir()
    for hidden in ("._casme2", ".casme2.zip"):  # a Mac's
        (Path("data/raw") / hidden).touch()
    assert not datasets.has_licensed_copy("casme2")
    (Path("data/raw") / name).mkdir(parents=True)
    with pytest.raises(DataError, match=f"{name}: must be a folder named casme2; rename or unpack it, or take it away"):
        datasets.has_licensed_copy("casme2")
    assert not datasets.has_licensed_copy("samm")
    Path("data/raw/smic").mkdir()
    Path("data/raw/smic/.DS_Store").touch()
    with pytest.raises(DataError, match="data/raw/smic: is an empty folder"):
        datasets.has_licensed_copy("smic")
    Path("data/raw/samm").touch()
    with pytest.raises(DataError, match="data/raw/samm: is no folder"):
        datasets.has_licensed_copy("samm")


def test_truncated_picture_is_refused_whoever_was_imported_before(corpus):
    import face_recognition  # noqa: F401  it tells PIL to fill up what is missing

    _, planned = corpus("casme2")
    path = datasets.frames(planned[0].clip)[0][1]
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    cv2.imwrite(str(path), noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match="is not a readable picture"):
        datasets.read(path)
