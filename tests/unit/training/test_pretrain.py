"""A teacher, pretrained on macro-expressions: its `fitted_on`, the methods that it guides, and refused files."""

from dataclasses import replace

import pytest
import torch
from composites import clip, composite
from trainings import flow_files, job, trained

from microexpr.core import store
from microexpr.core.errors import DataError
from microexpr.models.recognisers.ststnet import Ststnet
from microexpr.protocols import PROTOCOLS, provenance
from microexpr.training import pretrain

CLIPS = PROTOCOLS["megc2019"].select(composite(subjects=2, clips=3))
STRONG = [(replace(clip("ckplus", "p01", f"m{n}", n % 2), emotion="happiness"), n % 2) for n in range(6)]
OWN = {"epochs": 2, "batch": 4, "lr": 1e-3}


class Guided(Ststnet):
    """STSTNet with a teacher, from which it takes nothing."""

    macro = True

    def pretraining(self):
        return Ststnet(Ststnet.Params(**OWN), self.classes)

    def shared(self):
        guide = self.pretraining().build({})["network"]
        guide.load_state_dict({name.removeprefix("network."): value for name, value in self.teacher_weights.items()})
        self.guide = guide
        return {"guide": guide}


def guided(**changed):
    return replace(job(CLIPS, folds=2), method=Guided(Ststnet.Params(**OWN)), macro=STRONG, **changed)


def strong(**changed):
    """Return the job of the stage that pretrains the teacher of such a method."""
    teacher = guided().method.pretraining()
    return replace(job(CLIPS), name="guided", method=teacher, clips=[], folds=[], macro=STRONG, **changed)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """The teacher's file, and flow of all subjects."""
    root = tmp_path_factory.mktemp("pretrain")
    files = flow_files(root, [*CLIPS, *(clip for clip, _ in STRONG)])
    path = str(root / "results/pretrain/guided/composite.safetensors")
    pretrain.run(strong(), files, path, lambda done, total: None)
    return path, files


def test_it_has_seen_strong_expressions_alone(teacher, tmp_path):
    seen = provenance.read_fitted_on(teacher[0], ["casme2/s01"])["casme2/s01"]
    assert seen == {clip.provenance for clip, _ in STRONG}
    _, metadata = store.read_tensors(teacher[0])
    assert (metadata["schema"], metadata["origin"], metadata["classes"]) == (
        "pretrain/1", "generated", "negative, positive, surprise",
    )  # fmt: skip
    with pytest.raises(DataError, match="pretraining of guided must be given macro-expressions of its classes"):
        pretrain.run(replace(strong(), clips=CLIPS), teacher[1], str(tmp_path / "x.safetensors"), print)


def test_all_folds_are_guided_by_it_and_say_whom_it_has_seen(teacher, tmp_path):
    guided_job = guided()
    path = trained(tmp_path, guided_job, teacher[1] | {"teacher": [teacher[0]]})
    tensors, _ = store.read_tensors(teacher[0])
    for name, value in guided_job.method.guide.state_dict().items():
        assert torch.equal(value, torch.tensor(tensors[f"network.{name}"]))
    with store.open_file(path) as file:
        guided_clips = sum(recorded.label < 2 for recorded in CLIPS)
        expected = f"guided guided={guided_clips} clips={len(CLIPS)} sets=ckplus"
        assert file.attrs["initialisation"].decode() == expected
        for fold in guided_job.folds:
            assert {clip.provenance for clip, _ in STRONG} <= set(store.fitted_on(file[fold.name]))


def test_a_variant_trains_from_the_seeds_of_its_method():
    method_job = job(CLIPS)
    assert replace(method_job, name="ststnet.plain").seeds() == method_job.seeds()
    assert replace(method_job, name="nmer").seeds() != method_job.seeds()
