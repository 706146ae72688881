"""Leaks, and training sets that are none."""

from contextlib import nullcontext

import pytest
from composites import clip

from microexpr.core import onnx, store
from microexpr.core.errors import LeakError
from microexpr.protocols.provenance import check, check_files, check_identity, read_fitted_on

ARTIFACT = "results/train/ststnet/megc2019/1of1.h5"
TEST = [clip(name="EP01_01"), clip(name="EP02_01")]
LEAK, EVERY = "generated/casme2/sub01/EP09_09", "generated/casme2/sub01/*"  # of the test clips' subject
OTHERS = ["generated/casme2/sub02/EP01_01", "generated/samm/sub01/EP01_01", "generated/ckplus/S005/*"]


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([*OTHERS, LEAK], f"was fitted on {LEAK}, a clip of its held-out subject"),
        ([*OTHERS, LEAK, EVERY], f"was fitted on {EVERY}, all clips of its held-out subject"),  # the first by name
        ([*OTHERS, "generated/casme2"], "must be fitted on origin/dataset/subject/clip, not 'generated/casme2'"),
        ([], "must say what it was fitted on, not nothing"),
    ],
)
def test_a_leak_names_artifact_fold_and_entry(entries, words):
    with pytest.raises(LeakError) as error:
        check(ARTIFACT, "casme2/sub01", "subject", TEST, entries)
    assert str(error.value) == f"{ARTIFACT} fold casme2/sub01 {words}"


@pytest.mark.parametrize(
    ("entry", "leaks"),
    [
        ("generated/casme2/sub01/EP09_09", {"subject", "dataset"}),
        ("generated/casme2/sub01/EP02_01", {"subject", "dataset", "clip"}),
        ("generated/casme2/sub01/*", {"subject", "dataset", "clip"}),
        ("generated/casme2/sub02/*", {"dataset"}),
        ("generated/casme2/*/*", {"subject", "dataset", "clip"}),
        ("generated/samm/*/*", set()),
        ("generated/samm/006/006_1_2", set()),
        ("licensed/casme2/sub01/EP01_01", set()),  # of another subject
        ("licensed/casme2/sub01/*", set()),
    ],
)
@pytest.mark.parametrize("unit", ["dataset", "subject", "clip"])
def test_the_held_out_unit_decides(unit, entry, leaks):
    with pytest.raises(LeakError) if unit in leaks else nullcontext():
        check(ARTIFACT, "fold", unit, TEST, [entry])


DECLARED = [clip.provenance for clip in TEST]  # what `held_out_clips` must leave


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (DECLARED[:1], f"must have the declared leak held_out_clips, but lacks {DECLARED[1]}"),
        ([], f"must have the declared leak held_out_clips, but lacks {DECLARED[0]}"),
        ([*DECLARED, LEAK], f"was fitted on {LEAK}, a clip of"),
    ],
)
def test_only_the_declared_leak_is_let_through(entries, message):
    check(ARTIFACT, "casme2/sub01", "subject", TEST, [*OTHERS, *DECLARED], "held_out_clips")
    with pytest.raises(LeakError, match=message):
        check(ARTIFACT, "casme2/sub01", "subject", TEST, [*OTHERS, *entries], "held_out_clips")


def test_each_kind_of_file_says_what_is_behind_it(tmp_path):
    """A fold's own group before the whole file; the source of clips to train on, not of those held out."""
    weights, plain, shard = (tmp_path / name for name in ("a.safetensors", "faces.h5", "synth.h5"))
    store.write_tensors(weights, {}, ["generated/mmi/b/*", "generated/mmi/a/*"])
    onnx.write(graph := tmp_path / "a.onnx", b"", ["generated/mmi/b/*", "generated/mmi/a/*"])
    with store.create(plain, "faces", {}, origin="generated"):
        pass
    with store.create(shard, "synth", {}, origin="generated") as file:
        group = file.group("casme2/sub01")
        group.put("fitted_on", ["generated/samm/006/a"])
        group.group("train/x").put("source", "generated/samm/006/b")
        group.group("held_out/x").put("source", "generated/casme2/sub01/EP01_01")
    folds = ["casme2/sub01", "casme2/sub02"]
    both = frozenset({"generated/mmi/a/*", "generated/mmi/b/*"})
    assert read_fitted_on(weights, folds) == read_fitted_on(graph, folds) == dict.fromkeys(folds, both)
    assert read_fitted_on(plain, folds) == dict.fromkeys(folds, frozenset())
    assert read_fitted_on(shard, folds) == {
        folds[0]: {"generated/samm/006/a", "generated/samm/006/b"},
        folds[1]: frozenset(),
    }
    tests = {"casme2/sub01": TEST}
    whole = both | {"generated/samm/006/a", "generated/samm/006/b"}
    assert check_files([weights, plain, shard], "subject", tests) == {"casme2/sub01": whole}


def test_the_file_through_which_a_fold_would_see_its_person_is_named(tmp_path):
    clean, leak = tmp_path / "clean.safetensors", tmp_path / "leak.safetensors"
    store.write_tensors(clean, {}, OTHERS)
    store.write_tensors(leak, {}, ["generated/casme2/sub01/*"])
    with pytest.raises(LeakError, match=rf"^{leak} fold casme2/sub01 was fitted on generated/casme2/sub01/\*"):
        check_files([clean, leak], "subject", {"casme2/sub03": [clip(subject="sub03")], "casme2/sub01": TEST})


def test_identity_names_the_artifact():
    check_identity("a.h5", {"method": "ststnet", "epoch": "3"}, {"method": "ststnet"})
    with pytest.raises(LeakError, match=r"a\.h5 must be of fold smic/s01, not nothing"):
        check_identity("a.h5", {"method": "ststnet"}, {"method": "ststnet", "fold": "smic/s01"})
