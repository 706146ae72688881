"""Macro-expressions beside a protocol's own clips: every fold trains on them, none is tested, and the row says so."""

from dataclasses import replace

import h5py
import pytest
from composites import clip, composite
from trainings import flow_files, job, trained

from microexpr import datasets
from microexpr.core import store
from microexpr.core.errors import DataError, LeakError
from microexpr.evaluation import pool_predictions
from microexpr.models.base import shuffled
from microexpr.models.recognisers.ststnet import Ststnet
from microexpr.protocols import PROTOCOLS
from microexpr.training.steps import load_clips

CLIPS = PROTOCOLS["megc2019"].select(composite(subjects=2, clips=4))
BATCH, EPOCHS = 8, 3
MACRO = [
    (replace(clip(dataset, "p01", f"m{number}", number % 3), emotion="happiness"), number % 3)
    for dataset in ("ckplus", "mmi")
    for number in range(5)
]


class Watched(Ststnet):
    """STSTNet that notes what its sampler is asked for."""

    macro = True

    def __init__(self, params):
        super().__init__(params)
        self.asked = []

    def phases(self):
        def sample(targets, steps, batch, rng):
            self.asked.append((steps, targets["macro"].sum(), len(targets["macro"])))
            return shuffled(targets, steps, batch, rng)

        return [replace(phase, sample=sample) for phase in super().phases()]


def watched(clips=CLIPS, **changed):
    plain = job(clips, folds=2, **changed)
    return replace(plain, method=Watched(Ststnet.Params(epochs=EPOCHS, batch=BATCH)), macro=MACRO)


def everyone(root, clips=CLIPS):
    return flow_files(root, [*clips, *(expression for expression, _ in MACRO)])


@pytest.mark.parametrize(("clips", "steps"), [(0, len(CLIPS) // BATCH), (BATCH + 1, 2)])
def test_every_fold_trains_on_them_and_an_epoch_is_of_as_many_clips_as_without_or_as_asked(tmp_path, clips, steps):
    watched_job = watched()
    phases = watched_job.method.phases
    watched_job.method.phases = lambda: [replace(phase, clips=clips) for phase in phases()]
    path = trained(tmp_path, watched_job, everyone(tmp_path))
    assert watched_job.method.asked == [(steps, len(MACRO), 20 + len(MACRO))] * (2 * EPOCHS)
    with h5py.File(path) as file:
        for fold in watched_job.folds:
            group = file[fold.name]
            assert store.strings(group["clip"]) == list(fold.test)
            entries = set(store.fitted_on(group))
            seen = [*(watched_job.by_id[name] for name in fold.train), *(macro for macro, _ in MACRO)]
            assert entries == {expression.provenance for expression in seen}


def test_they_are_marked_and_come_after_the_protocols_own(tmp_path):
    watched_job = watched()
    data = load_clips(
        watched_job.method, watched_job.all_clips, everyone(tmp_path), watched_job.labels, watched_job.macro_ids
    )
    assert data.targets["macro"].tolist() == [0] * 24 + [1] * 10
    assert data.targets["label"].tolist() == [recorded.label for recorded in CLIPS] + [label for _, label in MACRO]
    assert (len(data), data.micro_count) == (34, 24)


def test_they_change_what_is_learnt_and_train_for_the_inner_choice_too(tmp_path):
    files = everyone(tmp_path)
    with_them, without = watched(), replace(watched(), macro=())
    first_path, second_path = (
        trained(tmp_path / name, watched_job, files) for name, watched_job in (("a", with_them), ("b", without))
    )
    name = with_them.folds[0].name
    with h5py.File(first_path) as first, h5py.File(second_path) as second:
        assert first[name]["scores"][()].tobytes() != second[name]["scores"][()].tobytes()
    inner = watched(inner_subjects=1)
    trained(tmp_path / "c", inner, files)
    assert {asked[1] for asked in inner.method.asked} == {len(MACRO)}


def test_generated_ones_beside_licensed_clips_are_said_in_the_rows_origin(tmp_path):
    licensed = [replace(recorded, origin="licensed") for recorded in CLIPS]
    watched_job = replace(watched(licensed), folds=job(licensed).folds)
    path = trained(tmp_path, watched_job, everyone(tmp_path, licensed))
    assert pool_predictions([path], "ststnet", watched_job.protocol, licensed).about["origin"] == "licensed+generated"


def test_a_fold_that_learnt_from_its_person_among_them_is_refused(tmp_path):
    """Planted: the held-out person's clip comes in as a macro-expression."""
    watched_job = watched()
    test = watched_job.by_id[watched_job.folds[0].test[0]]
    leaky = replace(watched_job, folds=watched_job.folds[:1], macro=[*MACRO, (replace(test, name="other"), 0)])
    path = trained(tmp_path, leaky, flow_files(tmp_path, leaky.all_clips))
    with pytest.raises(LeakError, match=r"was fitted on generated/casme2/s01/other, a clip of its held-out subject"):
        pool_predictions([path], "ststnet", watched_job.protocol, CLIPS, watched_job.folds[:1])


def test_which_macro_expressions_show_a_protocols_classes_and_none_is_of_its_data_sets():
    negative = ("anger", "contempt", "disgust", "fear", "sadness")
    labels = {**dict.fromkeys(negative, 0), "happiness": 1, "surprise": 2}  # as the loaders map them
    macro = [replace(clip("ckplus", "S005", emotion, label), emotion=emotion) for emotion, label in labels.items()]

    def named(protocol):
        selected = PROTOCOLS[protocol].macro(macro)
        return {expression.emotion: PROTOCOLS[protocol].classes[label] for expression, label in selected}

    assert named("megc2019") == {name: ("negative", "positive", "surprise")[label] for name, label in labels.items()}
    assert named("loso_casme2_5") == {name: name for name in ("disgust", "happiness", "surprise")}
    assert named("loso_samm_7") == {name: name for name in labels}
    assert named("objective") == {"happiness": "I", "surprise": "II", "anger": "III", "disgust": "IV", "sadness": "V"}
    with pytest.raises(DataError, match="clip samm/s01/c00 must be of a macro set, not of protocol loso_samm_3"):
        PROTOCOLS["loso_samm_3"].macro([clip("samm", "s01", "c00")])
    assert not {name for protocol in PROTOCOLS.values() for name in protocol.sources} & set(datasets.MACRO)
