"""A generator trained without each group of subjects: what it makes, of whom, and who may train on it."""

import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from composites import clip
from films import film_files

from microexpr.core import store
from microexpr.core.errors import LeakError, ParamsError, StoreError
from microexpr.core.facs.reactions import reacts
from microexpr.models.generators.auicgan import Auicgan
from microexpr.models.generators.famgan import Famgan
from microexpr.models.recognisers.microexpstcnn import MicroExpSTCNN
from microexpr.protocols import GROUPS, PROTOCOLS, provenance
from microexpr.protocols.splits import person
from microexpr.signals import inputs
from microexpr.training import synthesise, synthetic_clips, train

EMOTIONS = {"casme2": ("disgust", "others", "surprise"), "samm": ("anger", "other", "surprise")}
LABELS = {"disgust": 0, "anger": 0, "surprise": 2}
CLIPS = [
    replace(clip(dataset, f"s{subject}", f"c{number}", LABELS.get(emotion)), emotion=emotion, action_units="1")
    for dataset in ("casme2", "samm")
    for subject in (1, 2, 3, 4)
    for number, emotion in enumerate(EMOTIONS[dataset])
]
STILLS = [(replace(clip("affectnet", "p1", f"a{n}", None), emotion="anger"), 0) for n in range(4)]
OWN = {"image_size": 16, "frames": 3, "width": 2, "blocks": 1, "epochs": 1, "batch": 4, "critic_steps": 1}
GROUPED = GROUPS.groups(CLIPS, 2, seed=1)


def job(number=0, kind=Auicgan, **params):
    about = synthesise.Params(per_class=4, groups=2, **params)
    method, fitted = kind(kind.Params(**OWN), len(GROUPS.classes)), train.Params(checkpoint_minutes=0)
    return train.Job(
        kind.__name__.lower(),
        method,
        GROUPS,
        GROUPS.select(CLIPS),
        GROUPED[number : number + 1],
        fitted,
        about,
        1,
        STILLS,
    )


def run(root, files, number=0, **params):
    one = job(number, **params)
    path = str(root / f"results/synth/{one.name}/groups/{GROUPED[number].name}.h5")
    synthesise.run(one, files, path, lambda done, total: None)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Stage files, and what the generators without each group made."""
    root = tmp_path_factory.mktemp("synth")
    files = film_files(root, [*CLIPS, *(one for one, _ in STILLS)])
    return root, files, [run(root, files, number) for number in range(2)]


def people(names):
    return {person(name) for name in names}


def test_every_subject_is_in_one_group():
    for count in (2, 3, 8):
        folds = GROUPS.groups(CLIPS[::-1], count, seed=1)
        assert [fold.name for fold in folds] == [f"{n}of{count}" for n in range(1, count + 1)]
        held = sorted(name for fold in folds for name in people(fold.test))
        assert held == sorted(people(one.id for one in CLIPS))
        assert all(not people(fold.train) & people(fold.test) for fold in folds)
        assert all({*fold.train, *fold.test} == {one.id for one in CLIPS} for fold in folds)
        sizes = [len(people(fold.test)) for fold in folds]
        assert max(sizes) - min(sizes) <= 1
    assert GROUPS.groups(CLIPS, 2, seed=1) == GROUPED != GROUPS.groups(CLIPS, 2, seed=2)
    with pytest.raises(ParamsError, match=r"synth.groups must be between 2 and 8, of 8 subjects, not 9"):
        GROUPS.groups(CLIPS, 9, seed=1)


def test_what_is_made_for_training_is_of_those_who_train(made):
    for fold, path in zip(GROUPED, made[2], strict=True):
        known = {one.provenance: one for one in CLIPS}
        with store.opened(path, "synth") as file:
            assert file.attrs["held_out"].decode() == ", ".join(sorted(people(fold.test)))
            shown = {}
            for name, group in file["train"].items():
                face, moves = (known[store.strings(group[key])[0]] for key in ("source", "trajectory"))
                assert {face.id, moves.id} <= {*fold.train} and face.dataset == moves.dataset
                label = int(group["label"][()])
                assert GROUPS.label(moves) == label and name.startswith(f"{face.dataset}_{GROUPS.classes[label]}_")
                assert group["crop"].shape == (3, 16, 16, 3) and group["offset"][()] == 2
                shown.setdefault((face.dataset, label), []).append(face.subject)
            # as many of each emotion of a data set, and a face of everyone who trains in each
            assert {key: len(faces) for key, faces in shown.items()} == {
                (one.dataset, GROUPS.label(one)): 4 for one in CLIPS
            }
            for (dataset, _), faces in shown.items():
                assert {f"{dataset}/{name}" for name in faces} == {
                    p for p in people(fold.train) if p.startswith(dataset)
                }
            held = {store.strings(group["source"])[0] for group in file["held_out"].values()}
            assert {person(known[one].id) for one in held} == people(fold.test)
            moves = {store.strings(group["trajectory"])[0] for group in file["held_out"].values()}
            assert {known[one].id for one in moves} <= {*fold.train}


def test_a_face_goes_through_the_intensities_of_another_clip(made):
    root, _, (path, _) = made
    with store.opened(path, "synth") as file:
        for group in list(file["train"].values())[:5]:
            dataset, subject, name = store.strings(group["trajectory"])[0].split("/")[1:]
            files = {stage: root / f"results/{stage}/{dataset}/{subject}.h5" for stage in ("apex", "aus")}
            asked = inputs.load({"au_intensities": (3, 17)}, files, [name])["au_intensities"][0]
            np.testing.assert_array_equal(group["au_asked"][()], np.stack([asked, asked], -1))
            assert group["apex"][()] == np.abs(asked - asked[0]).sum(1).argmax() > 0


def test_famgans_face_goes_through_another_clips_changes_side_by_side(made, tmp_path):
    """Upon a little of the neutral face's own intensities."""
    root, files, _ = made
    path = run(tmp_path, files, kind=Famgan)
    with store.opened(path, "synth") as file:
        for group in list(file["train"].values())[:5]:
            found = {}
            for role, name in (("source", "au_intensities"), ("trajectory", "au_changes")):
                dataset, subject, clip = store.strings(group[role])[0].split("/")[1:]
                own = {stage: root / f"results/{stage}/{dataset}/{subject}.h5" for stage in ("apex", "aus")}
                shape = (3, 17, 2)[: 2 + (name == "au_changes")]
                found[role] = inputs.load({name: shape}, own, [clip])[name][0]
            expected = np.clip(0.1 * found["source"][0, :, None] + found["trajectory"], 0, 5)
            np.testing.assert_allclose(group["au_asked"][()], expected, rtol=1e-6)
            left, right = np.moveaxis(group["au_asked"][()], -1, 0)
            assert np.abs(left - right).max() > 0.1 and np.array_equal(left[0], right[0])
            assert group["crop"].shape == (3, 16, 16, 3)


def test_counts_go_before_per_class(made, tmp_path):
    path = run(tmp_path, made[1], counts={"casme2": {"disgust": 7, "surprise": 0}})
    with store.opened(path, "synth") as file:
        found = [name.rpartition("_")[0] for name in file["train"]]
    wanted = {"casme2_disgust": 7, "casme2_others": 4, "samm_anger": 4, "samm_others": 4, "samm_surprise": 4}
    assert {name: found.count(name) for name in found} == wanted


def test_its_file_says_whom_it_has_seen_and_is_the_same_bytes_again(made, tmp_path):
    _, files, paths = made
    for fold, path in zip(GROUPED, paths, strict=True):
        seen = provenance.behind(path, ["casme2/s1"])["casme2/s1"]
        own = {f"generated/{name}" for name in fold.train} | {one.provenance for one, _ in STILLS}
        assert seen == own | {"generated/nobody/n/c"}
    again = run(tmp_path, files[::-1])
    assert Path(again).read_bytes() == Path(paths[0]).read_bytes()


def test_stills_are_drawn_by_the_seed():
    assert synthesise.stills(STILLS, 9, 1) == STILLS and len(synthesise.stills(STILLS, 2, 1)) == 2
    assert {one.id for seed in range(9) for one, _ in synthesise.stills(STILLS, 1, seed)} == {
        one.id for one, _ in STILLS
    }


def test_leak_of_an_au_regressor_fitted_on_someone_of_the_group(tmp_path):
    held = GROUPED[0].test[0]
    files = film_files(tmp_path, [*CLIPS, *(one for one, _ in STILLS)], [f"generated/{held}"])
    with pytest.raises(LeakError, match=f"fold 1of2 was fitted on generated/{held}, a clip of its held-out subject"):
        run(tmp_path, files)


def held_in(protocol, clips=CLIPS):
    known = {one.id: one for one in clips}
    return {fold.name: [known[name] for name in fold.test] for fold in PROTOCOLS[protocol].folds(clips)}


@pytest.mark.parametrize("protocol", ["loso_casme2_7", "lovo_samm_8"])
def test_a_fold_learns_from_the_generator_that_never_saw_its_person(made, protocol):
    for unit in ("subject", "clip"):
        for fold, paths in synthetic_clips.sources(made[2], unit, held_in(protocol)).items():
            (number,) = [n for n, group in enumerate(GROUPED) if "/".join(fold.split("/")[:2]) in people(group.test)]
            assert paths == [made[2][number]]


def test_whom_no_generator_knows_may_learn_from_the_first(made):
    strangers = [clip("smic", "s9", f"c{n}", n) for n in range(3)]
    assert synthetic_clips.sources(made[2][::-1], "subject", {"smic/s9": strangers}) == {"smic/s9": made[2][:1]}


def test_leak_of_generators_that_each_saw_someone_held_out(made):
    both = [one for one in CLIPS if one.id in (GROUPED[0].test[0], GROUPED[1].test[0])]
    with pytest.raises(LeakError, match=r"1of2.h5 and others of its kind were each fitted on some of what draw1 holds"):
        synthetic_clips.sources(made[2], "subject", {"draw1": both})


def learner(protocol, made, **changed):
    kind, chosen = MicroExpSTCNN, PROTOCOLS[protocol]
    own = {"image_size": 16, "frames": 6, "kernels": 2, "depth": 3, "epochs": 1, "batch": 8, "synthetic": "auicgan"}
    method = kind(kind.Params(**(own | {"synthetic_use": "pretrain"} | changed)), len(chosen.classes))
    folds = chosen.folds(CLIPS)
    return train.Job(
        "microexpstcnn.auicgan", method, chosen, chosen.select(CLIPS), folds, train.Params(checkpoint_minutes=0),
        train.SynthParams(), 1,
    )  # fmt: skip


def test_folds_of_one_group_share_what_was_made_for_them(made):
    own = learner("lovo_casme2_7", made)
    labels = {own.by_id[name].provenance: label for name, label in own.labels.items()}
    tests = held_in("lovo_casme2_7")
    about = {"method": "auicgan", "protocol": "lovo_casme2_7"}
    found = synthetic_clips.read(synthetic_clips.sources(made[2], "clip", tests), about, labels, own.method.inputs)
    assert len(found.label) == 2 * 4 * 3  # of two groups, of each emotion of this data set alone
    data = train.resident(own.method, own.clips, made[1], own.labels, reacts=own.reacts)
    assert data.targets["reacts"].tolist() == [[*reacts(one.emotion)] for one in own.clips]
    both, places = synthetic_clips.joined(data, [one.provenance for one in own.clips], found)
    assert len({tuple(place) for place in places.values()}) == 2 and len(places) == 12
    for fold, place in places.items():
        assert not {found.sources[n - len(data)] for n in place} & {f"generated/{fold}"}
        assert both.targets["aus"][place, 0].tolist() == [1] * len(place)  # as coded of whose movement it shows
        shown = [own.by_id[found.trajectories[n - len(data)].removeprefix("generated/")] for n in place]
        assert [own.labels[one.id] for one in shown] == both.targets["label"][place].tolist()
        assert both.targets["reacts"][place].tolist() == [[*reacts(one.emotion)] for one in shown]


def test_emotions_that_a_protocol_has_not_are_left_out(made):
    own = learner("loso_casme2_3", made)
    labels = {own.by_id[name].provenance: label for name, label in own.labels.items()}
    files = synthetic_clips.sources(made[2], "subject", held_in("loso_casme2_3"))
    found = synthetic_clips.read(files, {"method": "auicgan", "protocol": "loso_casme2_3"}, labels, own.method.inputs)
    assert sorted({*found.label.tolist()}) == [0, 2] and len(found.label) == 2 * 4 * 2
    with pytest.raises(LeakError, match=r"must be of method other, not auicgan"):
        synthetic_clips.read(files, {"method": "other", "protocol": "loso_casme2_3"}, labels, own.method.inputs)


def test_a_training_says_what_it_learned_from_and_what_stands_behind_it(made, tmp_path):
    shard = str(tmp_path / "1of1.h5")
    train.run(learner("loso_casme2_7", made), made[1], {"train": shard}, lambda done, total: None, None, made[2])
    with h5py.File(shard) as file:
        assert file.attrs["start"] == b"at first alone on what auicgan made of its training clips, beside these"
        for name in ("casme2/s1", "casme2/s2"):
            seen = {one.decode() for one in file[name]["fitted_on"]}
            assert {one.provenance for one, _ in STILLS} <= seen  # through its generator
            assert not any(entry.startswith(f"generated/{name}/") for entry in seen)
            assert file[name]["loss"].shape[1] == 2  # an epoch on made clips, one on true ones


def test_leak_of_a_generators_clip_with_a_face_held_out(made, tmp_path):
    """Its generator saw nobody of the fold's; the face that it was given is of the group it is to be used for."""
    path = tmp_path / "results/synth/auicgan/groups/1of2.h5"
    path.parent.mkdir(parents=True)
    shutil.copy(made[2][0], path)
    with h5py.File(path, "a") as file:
        first = next(iter(file["train"].values()))
        del first["source"]
        first["source"] = store.text(f"generated/{GROUPED[0].test[0]}")
    fold = person(GROUPED[0].test[0])
    with pytest.raises(
        LeakError, match=f"1of2.h5 and others of its kind were each fitted on some of what {fold} holds"
    ):
        synthetic_clips.sources([path], "subject", {fold: [one for one in CLIPS if person(one.id) == fold]})


def test_without_what_it_is_to_learn_from_nothing_is_trained(made, tmp_path):
    with pytest.raises(StoreError, match=r"auicgan must have made something for microexpstcnn.auicgan to learn from"):
        train.run(
            learner("loso_casme2_7", made), made[1], {"train": str(tmp_path / "1of1.h5")}, lambda done, total: None
        )
