"""A caller's network or estimator: what one fold leaves to the next, and its errors in one line."""

import copy
import logging
import random
import threading
from functools import lru_cache, partial

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import nn

import microexpr
from microexpr.core.errors import LeakError, MicroexprError, ParamsError

RNG = np.random.default_rng(6)
LABELS, SUBJECTS = np.tile([0, 1, 2], 8), np.repeat(["s1", "s2", "s3", "s4"], 6)
INPUTS = RNG.normal(LABELS[:, None], 0.5, (24, 5)).astype("float32")
IMAGES = RNG.random((24, 3, 8, 8)).astype("float32")
SEVERAL = RNG.integers(0, 2, (24, 3))
loso = partial(microexpr.loso, inputs=INPUTS, labels=LABELS, subjects=SUBJECTS, epochs=2, batch=6)


def mlp():
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))


def normed():
    return nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))


def convolution():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 3))


class Frozen(nn.Module):
    """A backbone without training, and a new head."""

    def __init__(self, backbone, stays_in_eval):
        super().__init__()
        self.backbone, self.head, self.stays_in_eval = backbone.requires_grad_(False), nn.Linear(3, 3), stays_in_eval

    def train(self, mode=True):
        super().train(mode)
        self.backbone.train(mode and not self.stays_in_eval)
        return self

    def forward(self, x):
        return self.head(self.backbone(x))


def following(step, network):
    """Return a factory of networks, each made of the one before, with its weights after training."""
    networks = [network]

    def factory():
        networks.append(step(networks[-1]))
        return networks[-1]

    return factory


class Remembers(nn.Identity):
    """Keeps what it has seen in an attribute that is no tensor."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append(float(x.sum()))
        return x


class Banks(nn.Identity):
    bank: dict[int, torch.Tensor] = {}

    def forward(self, x):
        self.bank[len(self.bank)] = x.detach()
        return x


def closure():
    bank = []
    return lambda x: bank.append(x.detach()) or x


class After(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.network, self.function = mlp(), function

    def forward(self, x):
        return self.function(self.network(x))


CLOSURE = closure()
NETWORK, BACKBONE, NORMED, REMEMBERS = mlp(), nn.Linear(5, 8), normed().eval(), Remembers()


@pytest.mark.parametrize(
    ("factory", "tensor"),
    [
        (lambda: NETWORK, "0.weight"),
        (lambda: nn.Sequential(BACKBONE, nn.Linear(8, 3)), "0.weight"),
        (partial(Frozen, NORMED, stays_in_eval=False), "backbone.1.running_mean"),
        (following(copy.deepcopy, mlp()), "0.weight"),
        (following(lambda before: nn.Sequential(before, nn.Linear(3, 3)), nn.Linear(5, 3)), "1.weight|0.0.weight"),
        (lambda: nn.Sequential(REMEMBERS, nn.Linear(5, 3)), "0.seen"),
        (lambda: nn.Sequential(Banks(), nn.Linear(5, 3)), "Banks.bank"),
        (lambda: After(CLOSURE), "function"),
    ],
)
def test_a_network_that_an_earlier_fold_trained_is_a_leak(factory, tensor):
    message = rf"the network of fold s2 must be new: its ({tensor}) was trained in fold s1 already"
    with pytest.raises(LeakError, match=message):
        loso(factory)


@pytest.mark.parametrize(
    ("change", "is_renamed"),
    [
        (lambda old, new: old.half().float(), False),
        (lambda old, new: 0.9 * old + 0.1 * new, False),
        (lambda old, new: old.bfloat16().float(), True),
    ],
)
def test_a_near_copy_of_trained_weights_is_a_leak(change, is_renamed):
    def near(before):
        network = nn.Sequential(*[nn.Identity()] * (is_renamed * (len(before) - 2)), *mlp())
        with torch.no_grad():
            for new, old in zip(network.parameters(), before.parameters(), strict=True):
                new.copy_(change(old, new))
        return network

    with pytest.raises(LeakError, match=r"s2 must be new: its [02]\.weight is near what training left in fold s1"):
        loso(following(near, mlp()), epochs=5, optimiser=partial(torch.optim.Adam, lr=0.02))


def seeded():
    torch.manual_seed(0)
    return mlp()


def near_pretrained():
    network = copy.deepcopy(NETWORK)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
    return network


@pytest.mark.parametrize("factory", [mlp, normed, seeded, near_pretrained, lambda: nn.Sequential(Remembers(), *mlp())])
def test_new_weights_are_near_no_others(factory):
    decay = partial(torch.optim.AdamW, lr=0.05, weight_decay=0.5)  # which pulls weights to the start's multiples
    assert len(loso(factory, epochs=30, optimiser=decay)) == 24


def test_weights_that_no_training_changes_may_be_shared():
    backbone = normed().eval()
    before = copy.deepcopy(backbone.state_dict())
    shared = loso(partial(Frozen, backbone, stays_in_eval=True))
    assert all(torch.equal(before[name], tensor) for name, tensor in backbone.state_dict().items())
    new = loso(lambda: Frozen(copy.deepcopy(backbone), True))
    assert shared.equals(new)


def test_weights_that_are_loaded_again_are_no_leak():
    pretrained, network = mlp(), mlp()

    def reset():  # the same object, as it was
        network.load_state_dict(pretrained.state_dict())
        return network

    assert loso(reset).equals(loso(lambda: copy.deepcopy(pretrained)))


class Flags(nn.Linear):
    """A buffer that training sets to what another one begins with."""

    def __init__(self):
        super().__init__(5, 3)
        self.register_buffer("is_new", torch.ones(2))
        self.register_buffer("zeros", torch.zeros(2))

    def forward(self, x):
        self.is_new.zero_()
        return super().forward(x)


def test_equal_constants_of_two_folds_are_no_leak():
    assert len(loso(Flags)) == 24
    flags = Flags()
    with pytest.raises(LeakError, match=r"its is_new was trained in fold s1 already"):
        loso(lambda: setattr(new := Flags(), "is_new", flags.is_new) or new)


def test_a_factory_is_called_once_in_each_fold():
    networks = [mlp() for _ in range(4)]
    assert len(loso(partial(next, iter(networks)))) == 24
    with pytest.raises(ParamsError, match=r"method cannot make a network \(fold s4\): StopIteration"):
        loso(partial(next, iter([mlp() for _ in range(3)])))


def test_a_loss_with_a_state_begins_again_in_each_fold():
    class Centred(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, scores, label):
            self.seen += 1
            return nn.functional.cross_entropy(scores, label) * self.seen

    loss, parts = Centred(), [(np.arange(6, 24), np.arange(6)), (np.arange(6), np.arange(6, 24))]
    optimiser = partial(torch.optim.SGD, lr=0.01)
    forward, reverse = (loso(mlp, loss=loss, optimiser=optimiser, folds=order) for order in (parts, parts[::-1]))
    for function in (loss.forward, lambda s, y: loss(s, y), Holder(loss)):
        assert loso(mlp, loss=function, optimiser=optimiser, folds=parts).equals(forward)
    assert loss.seen == 0
    assert len({*forward.fold}) == 2 and not forward.equals(reverse)  # other names of folds, so other weights
    assert loso(mlp, loss=loss, optimiser=optimiser).equals(loso(mlp, loss=loss, optimiser=optimiser))


PRELU = nn.PReLU()


class Holder:
    def __init__(self, loss):
        self.loss = loss

    def __call__(self, scores, labels):
        return self.loss(scores, labels)


@pytest.mark.parametrize(
    "loss", [nn.PReLU(), partial(nn.PReLU()), Holder(nn.PReLU()), lambda s, y, f=PRELU: f(s), lambda s, y: PRELU(s)]
)
def test_a_loss_may_hold_no_weights(loss):
    with pytest.raises(ParamsError, match=r"loss must have no parameter to train, not float32\[1\]: put it into"):
        loso(mlp, loss=loss)


def test_lazy_layers_get_their_shape_and_no_clip():
    torch.manual_seed(0)
    lazy = loso(lambda: nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3)), epochs=1)
    assert lazy.filter(like="score_").notna().all(axis=None) and lazy.filter(like="score_").nunique().min() > 12


class Warm(ClassifierMixin, BaseEstimator):
    """An estimator that keeps what it learns in its class."""

    rows: list[tuple] = []

    def fit(self, inputs, labels):
        Warm.rows += [tuple(row) for row in inputs]
        self.classes_ = np.unique(labels)
        return self

    def predict(self, inputs):
        return np.array([int(tuple(row) in Warm.rows) for row in inputs])


class Guesses:
    def __init__(self, held=None):
        self.held = held

    def fit(self, inputs, labels):
        return self

    def predict(self, inputs):
        return np.zeros(len(inputs), int)


class Holds(Guesses):
    """An estimator whose class holds another one for all folds."""

    _model = SGDClassifier(random_state=0)

    def fit(self, inputs, labels):
        self._model.partial_fit(inputs, labels, [0, 1, 2])


class Itself:
    rows = 0

    def __deepcopy__(self, memo):
        return self


class ByDefault(Guesses):
    def fit(self, inputs, labels, rows={}):  # noqa: B006
        rows[len(rows)] = inputs
        self.held = rows


class Remembered(Guesses):
    @staticmethod
    @lru_cache
    def mean(rows):
        return np.mean(rows)

    def fit(self, inputs, labels):
        self.mean(tuple(inputs[0]))


class Counts(Guesses):
    def fit(self, inputs, labels):
        self.held.rows += 1


class Locked(Guesses):
    lock = threading.Lock()


class Shares(Guesses):
    """An estimator whose copies have the data of the first."""

    def __deepcopy__(self, memo):
        return Shares(self.held)

    def fit(self, inputs, labels):
        self.held[0] = labels.sum()


class Calls(ClassifierMixin, BaseEstimator):
    """An estimator that remembers by functions."""

    def __init__(self, remember, recall):
        self.remember, self.recall = remember, recall

    def fit(self, inputs, labels):
        self.remember(labels)

    predict = Guesses.predict


def in_closure():
    seen = []
    return (lambda labels: seen.append(labels)), (lambda: seen[-1])


@pytest.mark.parametrize(
    ("estimator", "part"),
    [
        (Warm(), r"Warm\.rows"),
        (make_pipeline(Warm()), r"Warm\.rows"),
        (Holds(), r"Holds\._model"),
        (ByDefault(), r"ByDefault\.fit"),
        (Remembered(), r"Remembered\.mean"),
        (Counts(Itself()), "its Itself at 0x.*"),
        (Shares({}), "its dict at 0x.*"),
        (Calls(*in_closure()), r"its in_closure\.<locals>\..* at 0x.*"),
    ],
)
def test_nothing_that_estimators_of_all_folds_share_may_change(estimator, part):
    with pytest.raises(LeakError, match=f"fit must not change {part}, which the estimators of all folds share"):
        loso(estimator)


def test_what_copies_share_may_stay_as_it_is():
    lock = threading.Lock()
    assert len(loso(Guesses([Itself(), lambda x: lock, logging.getLogger("a")]))) == len(loso(Locked())) == 24


@pytest.mark.parametrize(
    "estimator",
    [
        FrozenEstimator(KNeighborsClassifier(1).fit(INPUTS, LABELS)),
        make_pipeline(FrozenEstimator(StandardScaler().fit(INPUTS)), KNeighborsClassifier(1)),
        make_pipeline(FunctionTransformer(StandardScaler().fit(INPUTS).transform), KNeighborsClassifier(1)),
        Guesses({"models": [Guesses((KNeighborsClassifier(1).fit(INPUTS, LABELS),))]}),
    ],
)
def test_an_estimator_that_is_fitted_must_say_on_which_subjects(estimator):
    with pytest.raises(LeakError, match=r"(KNeighborsClassifier|StandardScaler) is fitted already \(.*\): give"):
        loso(estimator)
    assert len(loso(estimator, fitted_on=["t1", "t2"])) == 24
    with pytest.raises(LeakError, match="fold s1 must not test a subject of fitted_on"):
        loso(estimator, fitted_on=["s1"])


class Trains:
    """An estimator that goes on training its network."""

    def __init__(self):
        self.network = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 3))

    def fit(self, inputs, labels):
        optimiser = torch.optim.Adam(self.network.parameters(), lr=0.05)
        for _ in range(100):
            optimiser.zero_grad()
            nn.functional.cross_entropy(self.network(torch.as_tensor(inputs)), torch.as_tensor(labels)).backward()
            optimiser.step()
        return self

    def predict(self, inputs):
        return self.network(torch.as_tensor(inputs)).argmax(1).numpy()


NOISE, RANDOM = RNG.normal(size=(48, 5)).astype("float32"), RNG.integers(0, 3, 48)


def test_an_estimator_that_knows_the_labels_before_fit_is_fitted():
    clips = {"inputs": NOISE, "labels": RANDOM, "subjects": np.repeat(["s1", "s2", "s3", "s4"], 12)}
    fitted = Trains().fit(NOISE, RANDOM)
    with pytest.raises(LeakError, match=r"is fitted already \(before fit, it is right more often than .*\): give"):
        loso(fitted, **clips)
    assert len(loso(fitted, **clips, fitted_on=["t1"])) == len(loso(Trains(), **clips)) == 48
    assert len(loso(Trains(), inputs=INPUTS)) == 24  # classes that lie apart


class Samples(nn.Module):
    """A network that samples in its weights, in training and when it predicts, by all generators."""

    def __init__(self):
        super().__init__()
        self.network, self.factor = mlp(), np.random.rand() + random.random()  # noqa: NPY002

    def forward(self, x):
        return self.network(nn.functional.dropout(x, 0.5)) * self.factor * np.random.rand()  # noqa: NPY002


class Draws(Guesses):
    def predict(self, inputs):
        return np.random.randint(0, 3, len(inputs))  # noqa: NPY002


FOREST = RandomForestClassifier(5)
GRID = GridSearchCV(LogisticRegression(), {"C": [1e-4, 1]}, cv=StratifiedKFold(2, shuffle=True))


@pytest.mark.parametrize("method", [Samples, FOREST, Draws(), GRID])
def test_all_randomness_depends_on_the_seed_and_callers_generators_go_on(method):
    torch.manual_seed(1), np.random.seed(1), random.seed(1)  # noqa: NPY002
    expected = torch.rand(1), np.random.rand(), random.random()  # noqa: NPY002
    torch.manual_seed(1), np.random.seed(1), random.seed(1)  # noqa: NPY002
    first = loso(method)
    assert (torch.rand(1), np.random.rand(), random.random()) == expected  # noqa: NPY002
    assert first.equals(loso(method)) and (method not in (Samples, FOREST) or not first.equals(loso(method, seed=1)))


class InClass(nn.Linear):
    layer = nn.Linear(5, 8)

    def forward(self, x):
        return super().forward(InClass.layer(x))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"method": lambda: After(nn.Linear(3, 3).forward)},
            r"holds a weight float32\[3.* that is not in parameters\(\), and stays",
        ),
        (
            {"method": partial(InClass, 8, 3)},
            r"the network holds a weight float32\[8.* that is not in parameters\(\), and stays",
        ),
        ({"optimiser": lambda p: torch.optim.Adam(p[:1], lr=0.1)}, "optimiser leaves 3 of 4 tensors untrained"),
        ({"labels": np.where(SUBJECTS == "s2", 2, LABELS % 2)}, "fold s2 trains on no clip of 2, and tests some"),
    ],
)
def test_what_is_not_trained_is_said(change, message):
    with pytest.warns(UserWarning, match=message):
        loso(**{"method": mlp} | change)


def test_an_estimator_knows_indices_alone():
    weighted = LogisticRegression(class_weight={2: 50.0})
    assert loso(weighted).predicted.value_counts()[2] > 8  # labels 0..2 are their indices
    for method, name in ((weighted, "class_weight"), (DummyClassifier(strategy="constant", constant=2), "constant")):
        with pytest.raises(ParamsError, match=f"{name} must not name classes: .* indices 0..2, not on 1, 2, 3"):
            loso(method, labels=LABELS + 1)
    for method in (KMeans(3), GaussianMixture(3), KNeighborsRegressor(1)):
        with pytest.raises(ParamsError, match=r"method must be a classifier, not .*, which has no classes"):
            loso(method)
    assert len(loso(StackingClassifier([("one", LogisticRegression())], cv=2))) == 24


def test_a_loss_that_spreads_labels_over_scores_is_refused():
    for batch in (3, 1):
        with pytest.raises(ParamsError, match=r"loss must take scores float32\[., 3\] and labels int64\[.\]"):
            loso(mlp, loss=nn.functional.mse_loss, batch=batch)
        assert len(loso(mlp, loss=nn.functional.cross_entropy, batch=batch)) == 24


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_warm_start_is_cold_in_each_fold():
    warm, cold = (MLPClassifier(warm_start=start, max_iter=5, random_state=0) for start in (True, False))
    warm.fit(INPUTS, LABELS)
    assert loso(warm).equals(loso(cold))


class Two(nn.Linear):
    def forward(self, u, v):
        return super().forward(u + v)


class Renames(ClassifierMixin, BaseEstimator):
    def __init__(self, rows=1):
        self.count = rows

    fit, predict = Guesses.fit, Guesses.predict


SAME = torch.optim.Adam(mlp().parameters())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"method": convolution, "inputs": (IMAGES * 255).astype("uint8")},
            r"input uint8\[6, 3, 8, 8\] \(fold s1\): .*; input must be float32 .*: x.astype\('float32'\) / 255$",
        ),
        (
            {"method": convolution, "inputs": np.moveaxis(IMAGES, 1, -1)},
            r"input float32\[6, 8, 8, 3\] \(fold s1\): .*channels first: np.moveaxis\(x, -1, 1\)$",
        ),
        ({"loss": nn.CrossEntropyLoss}, r"loss must be a function of scores and class indices, as"),
        ({"loss": lambda s, y: s}, r"loss must return one number, as by reduction='mean', not float32\[6, 3\] \(fold"),
        ({"loss": lambda s, y: s.sum().detach()}, r"loss must return one number, with a gradient of the scores, not"),
        ({"loss": nn.MSELoss()}, r"loss must take .* size of tensor .* give the loss one_hot\(labels, classes\)"),
        ({"optimiser": partial(torch.optim.Adam, lr=0.0)}, r"must change weights of the network, not none \(fold s1\)"),
        ({"optimiser": lambda p: torch.optim.Adam([{"params": []}])}, "must change weights of the network, not none"),
        ({"loss": lambda s, y: torch.ones(1, requires_grad=True).sum()}, r"loss must return one number, with a"),
        ({"loss": lambda s, y: nn.functional.cross_entropy(s, y[:2])}, r"loss must take scores float32\[6, 3\] and"),
        ({"loss": nn.BCEWithLogitsLoss(), "labels": SEVERAL}, r"labels int64\[6, 3\] .*Long; .* labels.float\(\)"),
        ({"method": normed, "batch": 1}, r"cannot take input float32\[1, 5\] \(fold s1\): .*; batch norm must have a"),
        (
            {"method": partial(Two, 5, 3), "inputs": {"flow": INPUTS, "crop": INPUTS}},
            "forward of the network must take flow, crop,",
        ),
        (
            {"method": partial(Two, 5, 3)},
            "forward of the network must take one array, not u, v: missing a required argument: 'v'",
        ),
        ({"method": lambda: nn.Linear(7, 3)}, r"the network cannot take input float32\[6, 5\] \(fold s1\):"),
        ({"method": lambda: mlp().requires_grad_(False)}, "scores must have a gradient, .* requires_grad_.False. take"),
        ({"method": nn.Identity}, r"optimiser cannot be made \(fold s1\): ValueError: .* empty parameter list"),
        ({"method": lambda: After(lambda y: nn.functional.one_hot(y.argmax(1), 3))}, r"scores .*, not int64\[6, 3\]"),
        ({"method": lambda: After(lambda y: y.detach())}, r"scores must have a gradient, which argmax, .* \(fold s1\)"),
        ({"method": lambda: After(lambda y: {}["x"])}, r"the network cannot take .* \(fold s1\): "),
        ({"method": lambda: 1 / 0}, r"method cannot make a network \(fold s1\): ZeroDivisionError: division by zero"),
        ({"optimiser": SAME}, "optimiser must be a function of a list of parameters, .*, not 'Adam'"),
        ({"optimiser": lambda parameters: SAME}, r"optimiser must return a new one, of the parameters that it gets"),
        ({"optimiser": partial(torch.optim.Adam, rate=1)}, r"optimiser cannot be made \(fold s1\): TypeError:"),
        ({"optimiser": torch.optim.LBFGS}, "fold s1 cannot be trained: TypeError: .*closure"),
        ({"inputs": torch.tensor(INPUTS, requires_grad=True)}, r"input must be .*\.detach\(\)\.cpu\(\)"),
        ({"inputs": torch.empty(24, 5, device="meta")}, r"input must be an array of numbers, .*\.detach\(\)\.cpu\(\)"),
        ({"labels": torch.empty(24, device="meta", dtype=torch.int64)}, r"label must be .*\.detach\(\)\.cpu\(\)"),
        ({"method": MLPClassifier(hidden_layer_sizes=-1)}, r"the estimator cannot be fitted \(fold s1\):"),
        ({"method": Renames()}, "the estimator cannot tell its params: AttributeError: .* 'rows'"),
        (
            {"method": partial(Two, 5, 3), "inputs": {"u": INPUTS, "label": INPUTS}},
            "an input must have another name than label, ",
        ),
    ],
)
def test_errors_of_the_callers_code_are_one_line(change, message):
    with pytest.raises(MicroexprError, match=message) as caught:
        loso(**{"method": mlp} | change)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert isinstance(caught.value.__cause__, RuntimeError) or "RuntimeError" not in str(caught.value)


class AnyArguments(nn.Linear):
    @torch.enable_grad()
    def forward(self, *args, **options):
        return super().forward(*args, **options)


def test_odd_networks_batches_and_losses_train_as_plain_ones():
    any_arguments, plain = (loso(partial(kind, 5, 3)) for kind in (AnyArguments, nn.Linear))
    assert any_arguments.equals(plain)
    mean, each = (loso(mlp, loss=nn.CrossEntropyLoss(reduction=reduction)) for reduction in ("mean", "none"))
    assert mean.equals(each)
    rest_of_one = {"inputs": INPUTS[:19], "labels": LABELS[:19], "subjects": SUBJECTS[:19]}  # no batch of one
    assert len(loso(normed, **rest_of_one)) == 19
