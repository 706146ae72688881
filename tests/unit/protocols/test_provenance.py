"""Leaks, and training sets that are none."""

from contextlib import nullcontext

import pytest
from composites import clip

from microexpr.core import onnx, store
from microexpr.core.errors import LeakError
from microexpr.protocols.provenance import check, check_files, check_identity, read_fitted_on

ARTIFACT, FOLD = "results/train/ststnet/megc2019/1of1.h5", "casme2/sub01"
TEST = [clip(name="EP01_01"), clip(name="EP02_01")]
DECLARED = [clip.provenance for clip in TEST]  # what `held_out_clips` must leave
LEAK, EVERY = "generated/casme2/sub01/EP09_09", "generated/casme2/sub01/*"  # of the test clips' subject
OTHERS = ["generated/casme2/sub02/EP01_01", "generated/samm/sub01/EP01_01", "generated/ckplus/S005/*"]


@pytest.mark.parametrize(
    ("planted", "entries", "words"),
    [
        ("", [*OTHERS, LEAK], f"was fitted on {LEAK}, a clip of its held-out subject"),
        ("", [*OTHERS, LEAK, EVERY], f"was fitted on {EVERY}, all clips of its held-out subject"),  # the first by name
        ("", [*OTHERS, "generated/casme2"], "must be fitted on origin/dataset/subject/clip, not 'generated/casme2'"),
        ("", [], "must say what it was fitted on, not nothing"),
        ("held_out_clips", [*OTHERS, *DECLARED[:1]], f"the declared leak held_out_clips, but lacks {DECLARED[1]}"),
        ("held_out_clips", OTHERS, f"must have the declared leak held_out_clips, but lacks {DECLARED[0]}"),
        ("held_out_clips", [*OTHERS, *DECLARED, LEAK], f"was fitted on {LEAK}, a clip of its held-out subject"),
    ],
)
def test_a_leak_names_artifact_fold_and_entry_and_only_the_declared_one_is_let_through(planted, entries, words):
    check(ARTIFACT, FOLD, "subject", TEST, [*OTHERS, *DECLARED] if planted else OTHERS, planted)
    with pytest.raises(LeakError) as error:
        check(ARTIFACT, FOLD, "subject", TEST, entries, planted)
    assert str(error.value).startswith(f"{ARTIFACT} fold {FOLD} ") and str(error.value).endswith(words)


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


def test_each_kind_of_file_says_what_is_behind_it_and_the_one_that_leaks_is_named(tmp_path):
    """A fold's own group before the whole file; the source of clips to train on, not of those held out."""
    names = ("a.safetensors", "a.onnx", "faces.h5", "synth.h5", "leak.safetensors")
    weights, graph, plain, shard, leak = (tmp_path / name for name in names)
    store.write_tensors(weights, {}, ["generated/mmi/b/*", "generated/mmi/a/*"])
    onnx.write(graph, b"", ["generated/mmi/b/*", "generated/mmi/a/*"])
    store.write_tensors(leak, {}, [EVERY])
    with store.create(plain, "faces", {}, origin="generated"):
        pass
    with store.create(shard, "synth", {}, origin="generated") as file:
        group = file.group(FOLD)
        group.put("fitted_on", ["generated/samm/006/a"])
        group.group("train/x").put("source", "generated/samm/006/b")
        group.group("held_out/x").put("source", DECLARED[0])
    folds, both = [FOLD, "casme2/sub02"], frozenset({"generated/mmi/a/*", "generated/mmi/b/*"})
    own = {"generated/samm/006/a", "generated/samm/006/b"}
    assert read_fitted_on(weights, folds) == read_fitted_on(graph, folds) == dict.fromkeys(folds, both)
    assert read_fitted_on(plain, folds) == dict.fromkeys(folds, frozenset())
    assert read_fitted_on(shard, folds) == {folds[0]: own, folds[1]: frozenset()}
    assert check_files([weights, plain, shard], "subject", {FOLD: TEST}) == {FOLD: both | own}
    with pytest.raises(LeakError, match=rf"^{leak} fold {FOLD} was fitted on generated/casme2/sub01/\*"):
        check_files([weights, leak], "subject", {"casme2/sub03": [clip(subject="sub03")], FOLD: TEST})


def test_identity_names_the_artifact():
    check_identity("a.h5", {"method": "ststnet", "epoch": "3"}, {"method": "ststnet"})
    with pytest.raises(LeakError, match=r"a\.h5 must be of fold smic/s01, not nothing"):
        check_identity("a.h5", {"method": "ststnet"}, {"method": "ststnet", "fold": "smic/s01"})
