"""A network trained on everyone: its file scores as the trained modules do, and no other file is taken for it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from composites import clip, composite
from stage_files import film_files
from trainings import flow_files, interrupted, job

from microexpr.core import store
from microexpr.core.errors import ParamsError, StoreError
from microexpr.models.generators.famgan import Famgan
from microexpr.models.recognisers.majority import Majority
from microexpr.training import engine, generator_file, refit, synthesise, train
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.steps import load_clips

CLIPS = composite(subjects=2, clips=3)


@pytest.fixture(scope="module")
def final(tmp_path_factory):
    """The file, the flow that it was trained on, and the job."""
    root = tmp_path_factory.mktemp("final")
    files, path = flow_files(root, CLIPS), str(root / "results/refit/ststnet.safetensors")
    refit.run(job(CLIPS), files, path, engine.silent)
    return path, files, job(CLIPS)


def test_scores_are_those_of_the_trained_modules_and_the_file_says_whom_they_have_seen(final):
    """The engine's, after its last epoch, for a fold of the same name that tests clips it was trained on."""
    path, files, final_job = final
    data = load_clips(final_job.method, final_job.clips, files)
    everyone, seen = np.arange(len(final_job.clips)), np.arange(0, len(final_job.clips), 2)
    fold = engine.FoldIndices("final", everyone, seen)
    (expected,) = engine.train(final_job.method, data, [fold], final_job.seeds(), "sequential", 1)
    recogniser = refit.load(path)
    scores = recogniser({"flow": data.inputs["flow"].numpy()[seen]})
    assert scores.dtype == np.float32 and scores.tobytes() == expected.scores[0, -1].tobytes()
    assert recogniser.classes == ("negative", "positive", "surprise")
    tensors, metadata = store.read_tensors(path)
    assert {name.split(".")[0] for name in tensors} == {"network", "statistics"}
    assert tensors["network.classify.weight"].shape == (3, 400)
    assert (metadata["method"], metadata["protocol"], metadata["origin"]) == ("ststnet", "megc2019", "generated")
    assert metadata["fitted_on"].split("\n") == sorted(clip.provenance for clip in CLIPS)
    assert recogniser.fitted_on == {clip.provenance for clip in CLIPS}


def test_only_of_networks_that_learn_from_no_made_faces(tmp_path):
    majority = replace(job(CLIPS), name="majority", method=Majority(Majority.Params()))
    for refused, message in (
        (majority, "refit must be asked of a network, not of majority"),
        (job(CLIPS, synthetic="icegan"), "alone, not of ststnet: icegan makes no faces without holding someone out"),
    ):
        with pytest.raises(ParamsError, match=message):
            refit.run(refused, flow_files(tmp_path, CLIPS), str(tmp_path / "x.safetensors"), engine.silent)
    assert not (tmp_path / "x.safetensors").exists()


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    """FAMGAN's file of everyone, what it was trained on, and the job."""
    root = tmp_path_factory.mktemp("painted")
    kind, stills = Famgan, [replace(clip("affectnet", "p1", f"a{n}", None), emotion="anger") for n in range(3)]
    values = {"image_size": 16, "frames": 2, "width": 2, "blocks": 1, "epochs": 3, "batch": 4, "critic_steps": 1}
    params = train.Params(checkpoint_minutes=1e-9), synthesise.Params()
    final_job = synthesise.make_job("famgan", kind, values, (CLIPS, stills), params, seed=1)
    files, path = film_files(root, [*CLIPS, *stills]), str(root / "results/refit/famgan.safetensors")
    refit.run(final_job, files, path, engine.silent)
    return path, files, final_job


def test_a_generator_of_everyone_says_whom_it_has_seen_and_is_no_recogniser(generator):
    path, _, final_job = generator
    trained = generator_file.load(path)
    assert (trained.metadata["method"], trained.metadata["protocol"], trained.metadata["origin"]) == (
        "famgan", "all_groups", "generated",
    )  # fmt: skip
    everyone = {clip.provenance for clip in (*CLIPS, *(still for still, _ in final_job.macro))}
    assert trained.fitted_on == everyone | {"generated/nobody/n/c"}  # whom the reader of action units saw
    with pytest.raises(StoreError, match=r"famgan.safetensors: must hold final/1, not generator/1"):
        refit.load(path)


@pytest.mark.parametrize(
    ("network", "steps", "resumed"), [("final", 3, (2, 5)), ("generator", 2, (1, 3))], ids=["recogniser", "generator"]
)
def test_interrupted_and_again_the_same_bytes(request, network, steps, resumed, tmp_path):
    path, files, final_job = request.getfixturevalue(network)
    checkpoint_dir, repeated = CheckpointDir(str(tmp_path / "checkpoints"), ""), tmp_path / Path(path).name
    with pytest.raises(InterruptedError):
        refit.run(final_job, files, str(repeated), interrupted(steps), checkpoint_dir)
    seen = []
    files = {stage: paths[::-1] for stage, paths in files.items()}
    refit.run(final_job, files, str(repeated), lambda done, total: seen.append((done, total)), checkpoint_dir)
    assert seen[0] == resumed and repeated.read_bytes() == Path(path).read_bytes()
