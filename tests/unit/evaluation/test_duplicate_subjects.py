"""Find duplicate subjects, by known embeddings and by rendered faces in two poses and lights."""

from pathlib import Path

import face_recognition
import numpy as np
import pytest
from composites import clip

from facs_faces.face import Face
from facs_faces.performance import Performer
from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.core.seeds import generator, spawn
from microexpr.evaluation import duplicate_subjects
from microexpr.evaluation.duplicate_subjects import PAIR, embeddings, find_duplicates
from microexpr.reporting import main_table
from microexpr.signals import faces
from microexpr.signals.faces import detection
from reader_fits.population.sessions import render_frame


def at(*coordinates):
    """An embedding of which only the first numbers matter."""
    return np.pad(np.array(coordinates, float), (0, duplicate_subjects.SIZE - len(coordinates)))


def test_pairs_within_and_across_data_sets_the_nearest_first_and_named_in_a_line(tmp_path):
    embeddings = {
        ("smic", "s01"): np.stack([at(0), at(0.2)]),  # mean 0.1
        ("casme2", "sub01"): at(0.4)[None],
        ("casme2", "sub02"): at(0.45, 0.0)[None],
        ("samm", "006"): at(3)[None],
        ("samm", "007"): np.zeros((0, duplicate_subjects.SIZE)),
    }
    pairs = find_duplicates(embeddings, 0.32)
    expected = [
        ("casme2", "sub01", "casme2", "sub02", pytest.approx(0.05)),
        ("casme2", "sub01", "smic", "s01", pytest.approx(0.3)),
    ]
    assert [tuple(pair[name] for name in PAIR[1:]) for pair in pairs] == expected
    assert find_duplicates(dict(reversed(embeddings.items())), 0.32) == pairs
    assert find_duplicates(embeddings, 0.05 - 1e-9) == []
    path, header = tmp_path / "duplicates.csv", "origin,dataset_a,subject_a,dataset_b,subject_b,distance\n"
    path.write_text(header + "licensed,casme2,sub01,smic,s01,0.2500\n")
    line = "a pair of subjects looks like one person (licensed): casme2/sub01 and smic/s01, at distance 0.2500"
    assert main_table.duplicate_subjects(path) == f"{line}; see {path}"
    path.write_text(header)
    assert main_table.duplicate_subjects(path) == main_table.duplicate_subjects(tmp_path / "none.csv") == ""


def seen(name, face, session):
    """One frame of a person at rest, in the pose and light of a session."""
    rng = generator(0, name, session)
    frame = render_frame(face, Performer.sample(rng), np.zeros((24, 2), np.float32), rng)
    return faces.track(lambda: iter([frame]), faces.Params(), name)


@pytest.fixture(scope="module")
def photographs():
    people = {name: Face(spawn(0, name)) for name in ("ada", "bea", "cy")}
    return {(name, session): seen(name, face, session) for name, face in people.items() for session in range(4)}


def embedded(face):
    return embeddings(face.crop, face.landmarks_crop)


def test_a_person_is_found_in_two_data_sets_and_nobody_else_is(photographs):
    """Each of three people is in both data sets, in two frames of each, all in another pose and light."""
    vectors = {
        (dataset, name): np.concatenate([embedded(photographs[name, i]) for i in sessions])
        for dataset, sessions in (("casme2", (0, 1)), ("samm", (2, 3)))
        for name in ("ada", "bea", "cy")
    }
    pairs = find_duplicates(vectors, duplicate_subjects.THRESHOLDS["generated"])
    names = {tuple(pair[name] for name in PAIR[1:-1]) for pair in pairs}
    assert names == {("casme2", name, "samm", name) for name in ("ada", "bea", "cy")}


def test_embeddings_are_near_those_of_the_library_alone_and_of_the_same_face_in_grey(photographs):
    """face_recognition finds the face and its five points by itself, and gives much the same numbers."""
    face = photographs["ada", 0]
    box = [face_recognition.face_locations(face.crop[0])[0]]
    (alone,) = face_recognition.face_encodings(face.crop[0], box)
    vector, other = (embedded(photographs[name, 0])[0] for name in ("ada", "bea"))
    assert np.linalg.norm(vector - alone) < 0.15 < np.linalg.norm(vector - other)
    grey = face.crop.mean(axis=-1, keepdims=True).astype(np.uint8)
    assert np.linalg.norm(vector - embeddings(grey, face.landmarks_crop)) < 0.2
    model = Path(face_recognition.api.face_recognition_models.face_recognition_model_location())
    assert detection.ENCODER.read_bytes() == model.read_bytes()


def test_licensed_and_generated_people_are_never_compared_and_a_subject_is_as_its_first_clips_show(
    tmp_path, photographs
):
    """One face in three data sets, of which one is licensed, and another in a fourth; each shows the other one next."""
    clips, files = [], []
    for dataset, subject, origin, name, other in (
        ("casme2", "s01", "generated", "ada", "bea"),
        ("mmi", "S001", "generated", "ada", "bea"),
        ("samm", "006", "licensed", "ada", "bea"),
        ("smic", "s02", "licensed", "bea", "ada"),
    ):
        subject_clips = [clip(dataset, subject, f"c{number}", origin=origin) for number in range(2)]
        files.append(tmp_path / "results/faces" / dataset / f"{subject}.h5")
        with store.subject_file(files[-1], "faces", subject_clips, faces={}) as file:
            for entry, face in zip(subject_clips, (photographs[name, 0], photographs[other, 0]), strict=True):
                file.group(entry.name).put_all(crop=face.crop, landmarks_crop=face.landmarks_crop)
        clips += subject_clips
    near = duplicate_subjects.THRESHOLDS["generated"]  # all the licensed people here are rendered, too
    compared, pairs = duplicate_subjects.report(clips, files, duplicate_subjects.Params(faces=1, licensed=near))
    assert store.csv_text(PAIR, pairs).splitlines() == [",".join(PAIR), "generated,casme2,s01,mmi,S001,0.0000"]
    assert [tuple(row.values()) for row in compared] == [
        *(("generated", name, 1, 1, "0.3") for name in ("casme2", "mmi")),
        *(("licensed", name, 1, 1, f"{near:g}") for name in ("samm", "smic")),
    ]
    params = duplicate_subjects.Params(faces=2, licensed=2)  # 2: the largest
    compared, pairs = duplicate_subjects.report(clips, files, params)
    assert ("licensed", "samm", "smic") in [(pair["origin"], pair["dataset_a"], pair["dataset_b"]) for pair in pairs]
    assert {row["faces"] for row in compared} == {2}
    with pytest.raises(StoreError, match=r"results/faces/smic/s02.h5 must be among the faces"):
        duplicate_subjects.report(clips, files[:-1], duplicate_subjects.Params())
