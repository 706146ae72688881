"""Figures of a generator's faces: which are taken, what they are laid beside, and what is refused."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from composites import composite
from held_out_faces import APEX, CROP, ONSET, SIZE, picture, stage_files, synth_file

from microexpr.core.errors import LeakError, StoreError
from microexpr.evaluation import resemblance, synthesised_faces, true_faces
from microexpr.evaluation.metrics import inception
from microexpr.evaluation.metrics.synthesis import frechet, kernel
from microexpr.evaluation.rows import read_faces, write_faces
from microexpr.models import pretrained_weights
from microexpr.protocols import PROTOCOLS
from microexpr.reporting import main_table

CLIPS = composite(subjects=2, clips=3)
PROTOCOL = PROTOCOLS["megc2019"]
FOLDS = PROTOCOL.folds(CLIPS)
KNOWN = {clip.id: clip for clip in CLIPS}


def means(crops, landmarks):
    """Stands for the face network: each quarter's mean grey level. float64[N, 4]."""
    half = crops.shape[1] // 2
    return np.array([[crop[r : r + half, c : c + half].mean() for r in (0, half) for c in (0, half)] for crop in crops])


@pytest.fixture
def shard(tmp_path):
    return synth_file(tmp_path / "1of1.h5", FOLDS, CLIPS)


@pytest.fixture
def embedded(monkeypatch):
    """Record the crops that the face network gets; its stand-in needs no face."""
    calls = []

    def embeddings(crops, landmarks):
        calls.append((crops, landmarks))
        return means(crops, landmarks)

    monkeypatch.setattr(resemblance.duplicate_subjects, "embeddings", embeddings)
    return calls


def embed(synthesised, files):
    true = true_faces.read((face.clip for face in synthesised.faces), files, synthesised.image_shape)
    return resemblance.embed_faces(synthesised, true)


def figures(synthesised, files):
    rows = resemblance.evaluate(synthesised, embed(synthesised, files))
    return {(row["scope"], row["faces"], row["metric"]): row for row in rows}


def test_one_face_of_each_clip_asked_for_its_own_class(tmp_path):
    halves = [synth_file(tmp_path / f"{n}of2.h5", FOLDS[n::2], CLIPS) for n in range(2)]
    synthesised = synthesised_faces.read(halves, "icegan", PROTOCOL, CLIPS)
    assert [face.clip.id for face in synthesised.faces] == sorted(KNOWN)
    assert synthesised.origin == "generated"
    for face in synthesised.faces:
        expected = picture("made", face.clip.id, face.clip.label, f"{face.clip.dataset}/{face.clip.subject}")
        assert np.array_equal(face.pair, [picture("neutral", face.clip.id), expected])


def test_faces_are_enlarged_to_where_the_clips_landmarks_are(tmp_path, shard, embedded):
    synthesised = synthesised_faces.read([shard], "icegan", PROTOCOL, CLIPS)
    seen = embed(synthesised, stage_files(tmp_path, CLIPS))
    assert len(embedded) == 3
    for kind, (crops, landmarks) in zip(("made", "neutral", "true"), embedded, strict=True):
        assert crops.shape == (18, CROP, CROP, 1)
        assert np.unique(landmarks).tolist() == [APEX if kind == "true" else ONSET]
        first = cv2.resize(seen.images[kind][0], (CROP, CROP), interpolation=cv2.INTER_CUBIC)
        assert np.array_equal(crops[0, ..., 0], first)
    # a crop of pairs of equal pixels, brought to half its size, is the picture that it was made of
    assert np.array_equal(seen.images["true"], [picture("true", face.clip.id) for face in synthesised.faces])


def test_figures_are_those_of_all_folds_faces_against_as_many_true_ones(tmp_path, shard, embedded):
    synthesised = synthesised_faces.read([shard], "icegan", PROTOCOL, CLIPS)
    rows = figures(synthesised, stage_files(tmp_path, CLIPS))
    assert {scope for scope, _, _ in rows} == {"full", "smic", "casme2", "samm"}
    samm = [face for face in synthesised.faces if face.clip.dataset == "samm"]
    for scope, faces in (("full", synthesised.faces), ("samm", samm)):
        true = np.stack([picture("true", face.clip.id) for face in faces])
        large = resemblance.enlarge(true, CROP)
        for kind, index in (("made", 1), ("neutral", 0)):
            images = np.stack([face.pair[index] for face in faces])
            row = rows[scope, kind, "face_frechet"]
            vectors = means(resemblance.enlarge(images, CROP), None), means(large, None)
            assert row["value"] == pytest.approx(frechet(*vectors))
            assert (row["made"], row["true"], row["folds"]) == (len(faces), len(faces), len(faces) // 3)
            assert (row["origin"], row["side"], row["subject_seen"]) == ("generated", "held_out", "no")
            assert row["note"] == "12 x 12 pixels enlarged to 24 x 24"
            errors = [((image.astype(float) - other) ** 2).mean() for image, other in zip(images, true, strict=True)]
            expected = np.mean([10 * np.log10(255**2 / error) for error in errors])
            assert rows[scope, kind, "psnr"]["value"] == pytest.approx(expected)


def test_identity_is_of_the_same_person_and_beside_it_of_others_of_the_data_set(tmp_path, shard, embedded):
    synthesised = synthesised_faces.read([shard], "icegan", PROTOCOL, CLIPS)
    rows = figures(synthesised, stage_files(tmp_path, CLIPS))
    faces = [face for face in synthesised.faces if face.clip.dataset == "smic"]
    synthesised_means, neutral = (
        means(resemblance.enlarge(np.stack([face.pair[index] for face in faces]), CROP), None) for index in (1, 0)
    )
    cosine = [[a @ b / np.sqrt(a @ a * (b @ b)) for b in neutral] for a in synthesised_means]
    assert rows["smic", "made", "identity_cosine"]["value"] == pytest.approx(np.mean(np.diag(cosine)))
    others = [
        cosine[i][j]
        for i, face in enumerate(faces)
        for j, other in enumerate(faces)
        if face.clip.subject != other.clip.subject
    ]
    row = rows["smic", "made", "identity_cosine_to_others"]
    assert row["value"] == pytest.approx(np.mean(others)) and len(others) == 18
    assert (row["made"], row["true"]) == (6, 6)
    assert ("smic", "neutral", "identity_cosine") not in rows  # of a face with itself


def test_without_fids_weights_its_cells_are_empty_and_say_what_is_missing(tmp_path, shard, embedded, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    synthesised, files = synthesised_faces.read([shard], "icegan", PROTOCOL, CLIPS), stage_files(tmp_path, CLIPS)
    row = figures(synthesised, files)["samm", "made", "fid"]
    assert row["value"] is None and pretrained_weights.INCEPTION.files[0] in row["note"]
    monkeypatch.setattr(pretrained_weights.Weights, "path", lambda which: tmp_path)
    monkeypatch.setattr(inception, "load_network", lambda path: None)
    monkeypatch.setattr(inception, "features", lambda network, images: images[:, :3, 0, 0].astype(float))
    rows = figures(synthesised, files)
    images, true = ([image[:3, 0, 0].astype(float) for image in images] for images in zip(
        *((face.pair[1], picture("true", face.clip.id)) for face in synthesised.faces), strict=True
    ))  # fmt: skip
    assert rows["full", "made", "fid"]["value"] == pytest.approx(frechet(np.array(images), np.array(true)))
    assert rows["full", "made", "kid"]["value"] == pytest.approx(kernel(np.array(images), np.array(true)))


def test_draws_are_measured_one_by_one(tmp_path, embedded):
    """Two draws that test some clips alike: the mean of what each alone would be."""
    some, more = FOLDS[0], replace(FOLDS[1], test=FOLDS[1].test + FOLDS[0].test)
    folds = [replace(some, name="draw1", draw=0), replace(more, name="draw2", draw=1)]
    files = stage_files(tmp_path, CLIPS)
    shards = [
        synth_file(tmp_path / f"{fold.name}.h5", [fold], CLIPS, {fold.name: ["generated/x/y/*"]}) for fold in folds
    ]
    both = figures(synthesised_faces.read(shards, "icegan", PROTOCOL, CLIPS, folds), files)
    first, second = (
        figures(synthesised_faces.read([path], "icegan", PROTOCOL, CLIPS, [fold]), files)
        for path, fold in zip(shards, folds, strict=True)
    )
    key = ("full", "made", "face_frechet")
    assert both[key]["value"] == pytest.approx((first[key]["value"] + second[key]["value"]) / 2)
    assert (both[key]["made"], both[key]["folds"]) == (3 + 6, 2)


def test_what_is_not_this_protocols_is_refused(tmp_path, shard):
    first, rest = FOLDS[0], FOLDS[1:]
    with pytest.raises(LeakError, match=r"1of1.h5 must be of method famgan, not icegan"):
        synthesised_faces.read([shard], "famgan", PROTOCOL, CLIPS)
    with pytest.raises(StoreError, match=r"1 face of clip casme2/s01/c00 in fold casme2/s01, not 0"):
        synthesised_faces.read([synth_file(tmp_path / "a.h5", rest, CLIPS)], "icegan", PROTOCOL, CLIPS)
    swapped = replace(first, test=FOLDS[2].test)
    swapped_shard = synth_file(tmp_path / "b.h5", [swapped, *rest], CLIPS)
    with pytest.raises(StoreError, match=r"must be made from a held-out clip of its fold, not from generated/samm"):
        synthesised_faces.read([swapped_shard], "icegan", PROTOCOL, CLIPS)
    with pytest.raises(StoreError, match=r"results/apex/casme2/s01.h5 must be among the files"):
        true_faces.read(CLIPS, [], (SIZE, SIZE, 1))


def test_file_and_line_in_the_terminal(tmp_path, shard, embedded):
    synthesised = synthesised_faces.read([shard], "icegan", PROTOCOL, CLIPS)
    rows = resemblance.evaluate(synthesised, embed(synthesised, stage_files(tmp_path, CLIPS)))
    path = tmp_path / "icegan_faces.csv"
    write_faces(path, rows)
    read = read_faces(path)
    assert [row["value"] for row in read] == [row["value"] and pytest.approx(row["value"], abs=1e-6) for row in rows]
    assert [{**row, "value": 0} for row in read] == [{**row, "value": 0} for row in rows]
    line = main_table.synthesis_summary(read, path)
    ssim = {row["faces"]: row["value"] for row in read if (row["scope"], row["metric"]) == ("full", "ssim")}
    assert f"SSIM {ssim['made']:.3f} ({ssim['neutral']:.3f} unchanged)" in line
    assert line.startswith("faces of held-out subjects by icegan, generated: ") and line.endswith(f"see {path}")
    assert "FID" not in line
