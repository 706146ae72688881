"""Figures of a generator's faces: which are taken, what they are laid beside, and what is refused."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from composites import composite
from held_out_faces import APEX, CROP, ONSET, SIZE, picture, stage_files, synth_file

from microexpr.core.errors import LeakError, StoreError
from microexpr.evaluation import faces as faces_of_clips
from microexpr.evaluation import resemblance
from microexpr.evaluation.metrics import inception
from microexpr.evaluation.metrics.synthesis import frechet, kernel
from microexpr.models import pretrained_weights
from microexpr.protocols import PROTOCOLS
from microexpr.reporting import main_table

CLIPS = composite(subjects=2, clips=3)
PROTOCOL = PROTOCOLS["megc2019"]
FOLDS = PROTOCOL.folds(CLIPS)


def means(crops, landmarks=None):
    """Stands for the face network: each quarter's mean grey level. float64[N, 4]."""
    half = crops.shape[1] // 2
    return np.array([[crop[r : r + half, c : c + half].mean() for r in (0, half) for c in (0, half)] for crop in crops])


@pytest.fixture
def faces(tmp_path):
    shard = synth_file(tmp_path / "1of1.h5", FOLDS, CLIPS)
    return faces_of_clips.read([shard], "icegan", PROTOCOL, CLIPS).own_class()


@pytest.fixture
def files(tmp_path):
    return stage_files(tmp_path, CLIPS)


@pytest.fixture(autouse=True)
def embedded(monkeypatch):
    """Record the crops that the face network gets; its stand-in needs no face."""
    calls = []

    def embeddings(crops, landmarks):
        calls.append((crops, landmarks))
        return means(crops)

    monkeypatch.setattr(resemblance.duplicate_subjects, "embeddings", embeddings)
    return calls


def enlarged(faces, index=1):
    """Return the synthesised faces, or the neutral ones, in the size of the crops."""
    return faces_of_clips.enlarge(np.stack([face.pair[index] for face in faces]), CROP)


def figures(synthesised, files, every=True):
    true = faces_of_clips.read_true((face.clip for face in synthesised.faces), files, synthesised.image_shape)
    rows = resemblance.evaluate(synthesised, true, every)
    return {(row["scope"], row["faces"], row["metric"]): row for row in rows}


def test_one_face_of_each_clip_asked_for_its_own_class(tmp_path):
    halves = [synth_file(tmp_path / f"{n}of2.h5", FOLDS[n::2], CLIPS) for n in range(2)]
    every_class = faces_of_clips.read(halves, "icegan", PROTOCOL, CLIPS)
    assert [face.label for face in every_class.faces] == [0, 1, 2] * len(CLIPS)
    synthesised = every_class.own_class()
    assert [face.clip.id for face in synthesised.faces] == sorted(clip.id for clip in CLIPS)
    assert synthesised.origin == "generated"
    for face in synthesised.faces:
        expected = picture("made", face.clip.id, face.clip.label, f"{face.clip.dataset}/{face.clip.subject}")
        assert np.array_equal(face.pair, [picture("neutral", face.clip.id), expected])


def test_figures_are_those_of_all_folds_faces_enlarged_against_as_many_true_ones(faces, files, embedded):
    rows = figures(faces, files)
    face = faces.faces[0]
    # a crop of pairs of equal pixels, brought to half its size, is the picture that it was made of
    pictures = {"made": face.pair[1], "neutral": face.pair[0], "true": picture("true", face.clip.id)}
    for (kind, image), (crops, landmarks) in zip(pictures.items(), embedded, strict=True):
        assert crops.shape == (18, CROP, CROP, 1)
        assert np.unique(landmarks).tolist() == [APEX if kind == "true" else ONSET]
        assert np.array_equal(crops[0, ..., 0], cv2.resize(image, (CROP, CROP), interpolation=cv2.INTER_CUBIC))
    assert {scope for scope, _, _ in rows} == {"full", "smic", "casme2", "samm"}
    for scope in ("full", "samm"):
        scope_faces = [face for face in faces.faces if scope in ("full", face.clip.dataset)]
        true = np.stack([picture("true", face.clip.id) for face in scope_faces])
        for kind, index in (("made", 1), ("neutral", 0)):
            images, count = np.stack([face.pair[index] for face in scope_faces]), len(scope_faces)
            row, vectors = rows[scope, kind, "face_frechet"], means(faces_of_clips.enlarge(true, CROP))
            assert row["value"] == pytest.approx(frechet(means(enlarged(scope_faces, index)), vectors))
            assert [row[name] for name in ("made", "true", "folds")] == [count, count, count // 3]
            assert (row["origin"], row["side"], row["subject_seen"]) == ("generated", "held_out", "no")
            assert row["note"] == "12 x 12 pixels enlarged to 24 x 24"
            errors = ((images.astype(float) - true) ** 2).mean((1, 2, 3))
            assert rows[scope, kind, "psnr"]["value"] == pytest.approx(np.mean(10 * np.log10(255**2 / errors)))
    # identity is of the same person, and beside it of others of the data set
    of_smic = [face for face in faces.faces if face.clip.dataset == "smic"]
    synthesised, neutral = (means(enlarged(of_smic, index)) for index in (1, 0))
    cosine = np.array([[a @ b / np.sqrt(a @ a * (b @ b)) for b in neutral] for a in synthesised])
    assert rows["smic", "made", "identity_cosine"]["value"] == pytest.approx(np.diag(cosine).mean())
    subjects = np.array([face.clip.subject for face in of_smic])
    row = rows["smic", "made", "identity_cosine_to_others"]
    assert row["value"] == pytest.approx(cosine[subjects[:, None] != subjects].mean())
    assert (row["made"], row["true"]) == (6, 6)
    assert ("smic", "neutral", "identity_cosine") not in rows  # of a face with itself
    embedded.clear()  # for identity alone one face of each subject is embedded
    rows = figures(faces, files, every=False)
    assert [len(crops) for crops, _ in embedded] == [6, 6, 6]
    assert np.array_equal(embedded[0][0], enlarged(faces.faces[::3]))
    identity = {"identity_cosine", "identity_distance", "identity_cosine_to_others"}
    assert {metric for _, _, metric in rows} == {"ssim", "psnr"} | identity
    assert rows["full", "made", "ssim"]["made"] == 18 and rows["full", "made", "identity_cosine"]["made"] == 6
    assert rows["samm", "made", "identity_cosine"]["note"].endswith("one face of each subject")


def test_without_fids_weights_its_cells_are_empty_and_say_what_is_missing(tmp_path, faces, files, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    row = figures(faces, files)["samm", "made", "fid"]
    assert "FID" not in main_table.synthesis_summary([row | {"scope": "full"}], "icegan_faces.csv")
    assert row["value"] is None and pretrained_weights.INCEPTION.files[0] in row["note"]
    monkeypatch.setattr(pretrained_weights.Weights, "path", lambda which: tmp_path)
    monkeypatch.setattr(inception, "load_network", lambda path: None)
    monkeypatch.setattr(inception, "features", lambda network, images: images[:, :3, 0, 0].astype(float))
    rows = figures(faces, files)
    images, true = np.stack([(face.pair[1], picture("true", face.clip.id)) for face in faces.faces], 1)[..., :3, 0, 0]
    assert rows["full", "made", "fid"]["value"] == pytest.approx(frechet(images, true))
    assert rows["full", "made", "kid"]["value"] == pytest.approx(kernel(images, true))


def test_draws_are_measured_one_by_one(tmp_path, files):
    """Two draws that test some clips alike: the mean of what each alone would be."""
    some, more = FOLDS[0], replace(FOLDS[1], test=FOLDS[1].test + FOLDS[0].test)
    folds = [replace(some, name="draw1", draw=0), replace(more, name="draw2", draw=1)]
    fitted_on = {fold.name: ["generated/x/y/*"] for fold in folds}
    paths = [synth_file(tmp_path / f"{fold.name}.h5", [fold], CLIPS, fitted_on) for fold in folds]
    rows = []
    for part in (slice(2), slice(1), slice(1, 2)):
        drawn_faces = faces_of_clips.read(paths[part], "icegan", PROTOCOL, CLIPS, folds[part])
        rows.append(figures(drawn_faces.own_class(), files)["full", "made", "face_frechet"])
    both, *alone = rows
    assert both["value"] == pytest.approx(np.mean([row["value"] for row in alone]))
    assert (both["made"], both["folds"]) == (3 + 6, 2)


SWAPPED = [replace(FOLDS[0], test=FOLDS[2].test), *FOLDS[1:]]


@pytest.mark.parametrize(
    ("folds", "method", "error", "message"),
    [
        (FOLDS, "famgan", LeakError, r"1of1.h5 must be of method famgan, not icegan"),
        (FOLDS[1:], "icegan", StoreError, r"3 faces of clip casme2/s01/c00 in fold casme2/s01, not 0"),
        (SWAPPED, "icegan", StoreError, r"must be made from a held-out clip of its fold, not from generated/samm"),
    ],
)
def test_what_is_not_this_protocols_is_refused(tmp_path, folds, method, error, message):
    with pytest.raises(error, match=message):
        faces_of_clips.read([synth_file(tmp_path / "1of1.h5", folds, CLIPS)], method, PROTOCOL, CLIPS)
    with pytest.raises(StoreError, match=r"results/apex/casme2/s01.h5 must be among the apex files"):
        faces_of_clips.read_true(CLIPS, {}, (SIZE, SIZE, 1))
