"""Files of weights: what they hold, which ones a training takes or refuses, and what each fold does with them."""

import json
import logging
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from composites import clip, composite
from small_methods import NETWORKS, clips, folds, network
from trainings import EPOCHS, flow_files, job, trained

from microexpr.core import store
from microexpr.core.errors import DataError, ParamsError, StoreError
from microexpr.models import recognisers
from microexpr.models.base import ClipTensors, NetworkMethod
from microexpr.models.recognisers.mtmnet import Mtmnet
from microexpr.models.recognisers.ststnet import Ststnet
from microexpr.protocols import PROTOCOLS, provenance
from microexpr.training import engine, group, pretrain, weights
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.steps import action_unit_reader, without_means

CLIPS = PROTOCOLS["megc2019"].select(composite(subjects=2, clips=3))
CLASSES = PROTOCOLS["megc2019"].classes
SUBJECTS = ("s0001", "s0002")
OTHERS = [clip("population", subject, f"micro{i}", i % 3) for subject in SUBJECTS for i in range(6)]
FROM_POPULATION = {"initialisation": "population", "population": {"epochs": 2, "lr": 0.02}}


def network_job(**changed: Any) -> Any:
    return job(CLIPS, folds=2, **(FROM_POPULATION | changed))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Flow of the corpora's subjects, and files of the population's."""
    root = tmp_path_factory.mktemp("initial")
    paths = [str(root / f"results/population/{subject}.h5") for subject in SUBJECTS]
    for subject, path in zip(SUBJECTS, paths, strict=True):
        with store.create(path, "population", {}, identity=f"face of {subject}".replace(" ", "-")) as file:
            for item in OTHERS:
                if item.subject == subject:
                    values = np.random.default_rng(len(item.id)).normal(size=(3, 28, 28))
                    file.group(f"clips/{item.name}").put("onset_apex", values)
    return flow_files(root, CLIPS), {"population": paths}


@pytest.fixture(scope="module")
def population(files: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of what the population taught."""
    path = str(tmp_path_factory.mktemp("population") / "results/pretrain/ststnet/population_composite.safetensors")
    pretrain.run_on_population(on_population(), files[1], path, lambda done, total: None, population="digest")
    return path


ABOUT = {"schema": "final/1", "network": "ststnet", "params": "{}", "classes": "a, b, c", "created_by": "microexpr 0"}
STATE = {f"network.{k}": v for k, v in Ststnet(Ststnet.Params()).build({})["network"].state_dict().items()}
TOO_LARGE = json.dumps({"image_size": 288, "kernels": 256, "hidden": 4096})  # for any memory
TENSORS = {name: value.numpy() for name, value in STATE.items()}


def written(folder: Any, tensors: Any = None, **changes: str) -> Any:
    """Write a network's file, with other entries in its metadata or without empty ones."""
    metadata = {name: value for name, value in (ABOUT | changes).items() if value}
    store.write_tensors(folder / "net.safetensors", tensors or TENSORS, ["generated/a/b/c"], **metadata)
    return folder / "net.safetensors"


def read(path: Any) -> weights.Network:
    return weights.Network.read(path, weights.FINAL, recognisers.find, ("fitted_on", "classes"))


def on_population() -> Any:
    method = network_job().method.population_pretraining()
    return replace(job(CLIPS), method=method, clips=OTHERS, folds=[])


def test_the_training_differs_by_the_params_of_population_alone() -> None:
    method = network_job(mirror=0.25, planted_leak="held_out_clips").method
    params = method.population_pretraining().params
    expected = {"epochs": 2, "lr": 0.02, "mirror": 0.25, "planted_leak": "", "initialisation": "scratch"}
    assert {name: getattr(params, name) for name in expected} == expected and params.population == {}
    assert job(CLIPS).method.population_pretraining() is None
    for changed, message in (
        ({"synthetic": "x"}, "must not have synthetic"),
        ({"initialisation": "population"}, "must be scratch"),
    ):
        with pytest.raises(ParamsError, match=message):
            Ststnet(Ststnet.Params(population=changed)).population_params()


def test_the_file_says_whom_it_has_seen_of_the_population_alone(files: Any, population: str) -> None:
    assert provenance.read_fitted_on(population, ["a"])["a"] == {f"generated/population/{name}/*" for name in SUBJECTS}
    metadata = store.read_metadata(population)
    keys = ("schema", "network", "classes", "population", "identities", "origin")
    assert [metadata[key] for key in keys] == [
        "initial/1", "ststnet", ", ".join(CLASSES), "digest", "face-of-s0001\nface-of-s0002", "generated",
    ]  # fmt: skip
    expected = weights.key(weights.INITIAL, on_population().method, CLASSES)
    assert metadata.items() >= expected.items()
    with pytest.raises(DataError, match="on the population alone, not on casme2/s01/"):
        pretrain.run_on_population(replace(on_population(), clips=CLIPS), files[1], "x", print)


def test_every_fold_starts_from_them_and_ends_in_the_same_bytes_if_interrupted(
    files: Any, population: str, tmp_path: Any
) -> None:
    initialised, inputs = network_job(), files[0] | {"initial": [population]}
    path = trained(tmp_path, initialised, inputs)
    tensors, _ = store.read_tensors(population)
    assert {"statistics.mean", "statistics.deviation"} < {*tensors} == {*initialised.method.initial_weights}
    for name, value in initialised.method.initial_weights.items():
        np.testing.assert_array_equal(value, tensors[name])
    with store.open_file(path) as file:
        assert file.attrs["initialisation"] == b"population clips=12 subjects=2"
        assert file.attrs["differs_from_paper"] == b"batch, epochs, initialisation, lr, population"
        for fold in initialised.folds:
            assert {f"generated/population/{name}/*" for name in SUBJECTS} < set(store.fitted_on(file[fold.name]))
    assert not np.array_equal(*(scores(p) for p in (path, trained(tmp_path / "b", job(CLIPS, folds=2), files[0]))))
    folder = CheckpointDir(str(tmp_path / "checkpoints"), "code")
    with pytest.raises(InterruptedError):
        trained(tmp_path / "part", network_job(), inputs, folder, stops=EPOCHS + 2)
    assert scores(trained(tmp_path / "part", network_job(), inputs, folder)).tobytes() == scores(path).tobytes()


def test_a_reader_of_action_units_is_named_with_its_subjects(tmp_path: Any) -> None:
    listed = {"s01": ["generated/population/s0001/*", "generated/population/s0002/*"], "s02": ["x/mmi/a/b"]}
    for name, entries in listed.items():
        with store.subject_file(tmp_path / f"aus/samm/{name}.h5", "aus", [clip("samm", name, "c", 0)]) as file:
            file.put("fitted_on", entries)
    first, second = (action_unit_reader([str(tmp_path / f"aus/samm/{name}.h5")]) for name in listed)
    assert first == "reader subjects=2" and second == ""
    assert action_unit_reader([]) == ""


def scores(path: str) -> np.ndarray:
    with store.open_file(path) as file:
        return file["casme2/s01/scores"][()]


@pytest.mark.parametrize(("schema", "role"), [(weights.TEACHER, "teacher"), (weights.INITIAL, "initial")])
def test_weights_of_another_network_too_many_and_unexpected_ones_are_refused(
    schema: str, role: str, tmp_path: Any
) -> None:
    def file(epochs: int) -> str:
        path, method = tmp_path / f"results/pretrain/{epochs}.safetensors", Ststnet(Ststnet.Params(epochs=epochs))
        about = {"clips": "12", "identities": "a\nb", "classes": ", ".join(CLASSES)}
        weights.write(path, schema, method, TENSORS, ["generated/a/b/c"], about)
        return str(path)

    first, second = map(file, (1, 2))
    variant = job(CLIPS)
    source = "pretraining" if schema == weights.TEACHER else "population_pretraining"
    setattr(variant.method, source, lambda: Ststnet(Ststnet.Params(epochs=2)))
    code = weights.load_first(variant, {role: [second]})
    assert code == ("population clips=12 subjects=2" if role == "initial" else "")
    assert getattr(variant.method, f"{role}_weights").keys() == TENSORS.keys()
    for asked, files, message in (
        (variant, [], f"ststnet must have 1 files of weights as {role}, not 0"),
        (variant, [first, second], f"ststnet must have 1 files of weights as {role}, not 2"),
        (job(CLIPS), [second], f"ststnet must have 0 files of weights as {role}, not 1"),
        (variant, [first], r"1\.safetensors: params must be those that ststnet expects$"),
    ):
        with pytest.raises(StoreError, match=message):
            weights.load_first(asked, {role: files})


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_of_every_network_fit_all_of_it(name: str) -> None:
    """Trained at its own small params, and into the same network there is nothing that gets none."""
    method, data = network(name, 1), clips(network(name, 1))
    run = engine.FoldRun(folds(1)[0], 7)
    tensors = engine.fit_network(method, data, run).tensors
    other = network(name, 1, initialisation="population")
    other.initial_weights = {key: torch.from_numpy(value) for key, value in tensors.items()}
    built = group.Group(other, data, [engine.FoldRun(folds(1)[0], 8)], stacked=False)
    assert built.without_initial_weights == []
    for key, value in built.networks.items():
        for inner, tensor in {**dict(value.named_parameters()), **dict(value.named_buffers())}.items():
            torch.testing.assert_close(tensor, other.initial_weights[f"{key}.{inner}"], rtol=0, atol=0)


DATA = ClipTensors({"flow": torch.randn(6, 3, 28, 28)}, {"label": torch.arange(6) % 3})
TWO = [engine.FoldIndices("a", np.arange(4), np.array([4, 5])), engine.FoldIndices("b", np.arange(2, 6), np.array([0]))]


def start(tensors: dict[str, torch.Tensor], left_out: tuple[str, ...] = ()) -> list[str]:
    method: NetworkMethod = Ststnet(Ststnet.Params(**FROM_POPULATION))
    method.initial_weights, method.left_out = tensors, left_out  # type: ignore[misc]
    torch.manual_seed(0)
    networks = method.build({})
    return group.initialise(networks, method)


def test_what_gets_no_weights_is_named_and_an_error_if_it_is_all(caplog: pytest.LogCaptureFixture) -> None:
    first = next(iter(STATE))
    assert start(STATE | {first: torch.zeros(1)}) == [first] and start(STATE) == []
    for others, left_out in (({"network.other": torch.zeros(1)}, ()), (STATE, ("network",))):
        with pytest.raises(ParamsError, match="ststnet has no weight of the name and shape"):
            start(others, left_out)
    method = Ststnet(Ststnet.Params(epochs=1, batch=2))
    method.initial_weights = STATE | {first: torch.zeros(1)}
    with caplog.at_level(logging.INFO, "microexpr"):
        list(engine.train(method, DATA, TWO, [1], "sequential", 1))
    assert [record.getMessage() for record in caplog.records] == [f"without initial weights: {first}"]  # once


@pytest.mark.parametrize("plan", ["sequential", "stacked"])
def test_first_weights_are_scored_before_any_step(plan: engine.Plan) -> None:
    """By hand: the network with these weights, on the flow normalised as each fold's training clips say."""
    method = Ststnet(Ststnet.Params(epochs=1, batch=2, lr=0.1))
    modules = SimpleNamespace(network=method.build({})["network"].eval())
    assert [result.start for result in engine.train(method, DATA, TWO, [1], plan, 2)] == [None, None]
    method.initial_weights = {f"network.{name}": value for name, value in modules.network.state_dict().items()}
    for fold, result in zip(TWO, engine.train(method, DATA, TWO, [1, 2], plan, 4), strict=True):
        statistics = method.statistics(DATA[torch.from_numpy(fold.train)])
        expected = method.scores(modules, {"flow": DATA.inputs["flow"][fold.test]}, statistics).detach().numpy()
        np.testing.assert_allclose(result.start, np.stack([expected] * 2), rtol=1e-4, atol=1e-5)
        assert np.abs(result.scores[:, 0] - result.start).max() > 0.01  # a step changed them
    method.initial_weights |= {"statistics.mean": torch.full((3,), 0.5), "statistics.deviation": torch.full((3,), 2.0)}
    statistics = {"mean": torch.full((3,), 0.5), "deviation": torch.full((3,), 2.0)}  # those of the population
    expected = method.scores(modules, {"flow": DATA.inputs["flow"][fold.test]}, statistics).detach().numpy()
    *_, last = engine.train(method, DATA, TWO, [1], plan, 4)
    np.testing.assert_allclose(last.start[0], expected, rtol=1e-4, atol=1e-5)


def test_guidance_has_no_part_in_the_population_s_training() -> None:
    """Rows that differ in guidance alone start from one file, and the teacher may start from another."""
    first, second = (
        Mtmnet(Mtmnet.Params(initialisation="population", triplet_weight=weight, population={"identities": 240}))
        for weight in (1e-3, 5e-3)
    )
    pretraining = first.population_pretraining()
    assert pretraining is not None and not pretraining.guided and not pretraining.macro
    assert pretraining.params == second.population_pretraining().params and pretraining.params.identities == 240
    teacher = first.pretraining().population_pretraining()
    assert teacher is not None and teacher.params.input_mode == "apex" and teacher.population_pretraining() is None
    with pytest.raises(ParamsError, match="population must not have epochs: nobody in the population is guided"):
        Mtmnet(Mtmnet.Params(initialisation="population", population={"epochs": 3})).population_params()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "final/0"}, r"must hold final/1, not final/0 \(written by microexpr"),
        ({"schema": "", "created_by": ""}, r"must hold final/1, not nothing .*\(written by an unknown program"),
        ({"network": "majority"}, "must hold a network, not majority"),
        ({"network": "augacn"}, "tensors must be those of augacn in this version$"),
        ({"network": "famgan"}, "params must be those of famgan in this version$"),
        ({"classes": ""}, "metadata must have classes"),
        ({"classes": "a, b"}, "tensors must be those of ststnet in this version"),
        ({"params": json.dumps({"batch": 0})}, "params must be those of ststnet in this version"),
        ({"params": "{"}, "params must be those of ststnet in this version"),
        ({"network": "microexpstcnn", "params": TOO_LARGE}, "tensors must be those of microexpstcnn"),
    ],
)
def test_files_of_another_network_or_version_are_refused(tmp_path: Any, changes: dict[str, str], message: str) -> None:
    with pytest.raises(StoreError, match=rf"net\.safetensors: {message}"):
        read(written(tmp_path, **changes))


def test_other_tensors_and_what_is_no_such_file_are_refused(tmp_path: Any) -> None:
    fewer = dict(TENSORS)
    name, value = fewer.popitem()
    for others in ({}, {name: value, "network.more": value}, {name: value[:1]}):
        with pytest.raises(StoreError, match=r"net\.safetensors: tensors must be those of ststnet in this version$"):
            read(written(tmp_path, fewer | others))
    for other in (value.astype(np.int32), value * np.nan, value + np.inf):
        with pytest.raises(StoreError, match=rf"net\.safetensors: {name} must have numbers of type torch\.float32$"):
            read(written(tmp_path, fewer | {name: other}))
    (tmp_path / "plain.safetensors").write_bytes(b"nothing of the kind")
    for name in ("plain", "missing"):
        with pytest.raises(StoreError, match=rf"{name}\.safetensors: cannot be read"):
            read(tmp_path / f"{name}.safetensors")


def test_each_side_loses_the_mean_of_its_own_clips():
    flow = torch.tensor([[1.0, 10.0], [30.0, 7.0], [3.0, 20.0]])
    clips = ClipTensors({"flow": flow}, {"label": torch.tensor([0, 1, 2])})
    centred = without_means(clips, ["licensed", "generated", "licensed"])
    assert centred.inputs["flow"].tolist() == [[-1, -5], [0, 0], [1, 5]]
    assert centred.targets is clips.targets and clips.inputs["flow"] is flow
