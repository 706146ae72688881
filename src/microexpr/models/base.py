"""The contract of a method: inputs, params and pure functions. No folds, files, devices or optimiser steps.

Shapes: N clips, n of them in training, B in a batch, S steps in an epoch, D features, C classes of the protocol.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from microexpr.core import clip
from microexpr.core.clip import Recording
from microexpr.core.errors import ParamsError
from microexpr.models import labels
from microexpr.models.counter_rng import Stream
from microexpr.models.labels import LABEL, LABELS, SeveralLabels, class_weights
from microexpr.models.pretrained_weights import Weights, load_tensors

CLASSES = len(clip.LABELS)  # of the main table; methods use their own `classes`
FLOW_SIZE = 28  # rows and columns of flow, where no param sets them

Initialisation = Literal["scratch", "published", "population"]
Published = Annotated[
    Initialisation, Field(description="scratch | ImageNet's weights where they are present and fit | the population's")
]
Shapes = dict[str, tuple[int, ...]]  # by input name, without the axis of clips
Batch = dict[str, Tensor]  # inputs and targets, each [B, ...]; for `scores` the inputs only
Statistics = dict[str, Tensor]  # same shapes in every fold, or the folds could not be stacked
# "label", "subject", "dataset", "macro", "synthetic": int64[n]; "aus": int64[n, action units]; "reacts": int64[n, 4];
# "labels": int64[n, C] of 1, 0 and -1 (not known), where a clip may have several of the classes at once
Targets = dict[str, np.ndarray]
Modules = SimpleNamespace  # callables of the modules from `build` and `shared`: modules.generator(noise)
Loss = Callable[[Modules, Batch, Statistics, Stream], Tensor]  # a scalar
Precompute = Callable[[Modules, Batch, Statistics], Batch]  # from the inputs to those that a phase reads
Scorer = Callable[[np.ndarray], np.ndarray]  # features float32[B, D] -> float32[B, C]
Sampler = Callable[[Targets, int, int, np.random.Generator], np.ndarray]
Optimiser = Callable[[list[Tensor]], torch.optim.Optimizer]


class Params(BaseModel):
    """Base of every method's params: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    planted_leak: Literal["", "held_out_clips"] = Field(
        default="",
        description="a declared leak, to show its effect: also trains on held-out clips; its figures are never ranked",
    )
    synthetic: str = Field(default="", description="a method or generator on whose synthetic faces or clips to train")
    synthetic_use: Literal["mix", "pretrain"] = Field(
        default="mix",
        description="mix: among recorded clips; pretrain: all phases on synthetic clips, then on recorded ones",
    )
    initialisation: Initialisation = Field(
        default="scratch",
        description="a network's first weights: random | published ones, where their file is present | those that the "
        "population trained",
    )
    population: dict[str, Any] = Field(default={}, description="params that differ while the population trains")
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="of matrix products and convolutions in training; weights stay float32"
    )


@dataclass(frozen=True, eq=False)
class ClipTensors:
    """Inputs and targets of clips in memory.

    An index may have any shape: [B], [R, B] for R stacked runs, [B, 3] for triplets."""

    inputs: dict[str, Tensor]  # by the names in Method.inputs, each [N, ...]
    targets: dict[str, Tensor]  # int64[N]: "label", "subject", "dataset", "macro", "synthetic"; "aus", "reacts"

    def __len__(self) -> int:
        return len(self.targets["label"])

    @property
    def micro_count(self) -> int:
        """Number of clips of the protocol; the others, marked `macro` or `synthetic`, are only trained on."""
        return len(self) - sum(int(self.targets[key].sum()) for key in ("macro", "synthetic") if key in self.targets)

    def map(self, function: Callable[[Tensor], Tensor]) -> "ClipTensors":
        """Return the result of a function for each tensor."""
        return ClipTensors(*({k: function(v) for k, v in part.items()} for part in (self.inputs, self.targets)))

    def __getitem__(self, index: Tensor) -> "ClipTensors":
        return self.map(lambda tensor: tensor[index])

    def to(self, device: torch.device) -> "ClipTensors":
        return self.map(lambda tensor: tensor.to(device))


def shuffled(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Return int64[S, B] positions in the training clips, from one permutation after another, so batches are full."""
    count = len(targets["label"])
    orders = [rng.permutation(count) for _ in range(-(-steps * batch // count))]
    return np.concatenate(orders)[: steps * batch].reshape(steps, batch)


def constant(progress: float) -> float:
    """Return 1: the schedule of constant learning rates."""
    return 1.0


@dataclass(frozen=True, eq=False)
class Update:
    """One optimiser step: the gradient of `loss` with respect to the modules in `trains`, and no others."""

    loss: Loss
    trains: dict[str, Optimiser]  # {"critic": partial(torch.optim.Adam, lr=1e-4)}
    every: int = 1  # one generator step to five of the critic: every=5


@dataclass(frozen=True, eq=False)
class Phase:
    """A stage of training with its own updates, sampler and schedule.

    An epoch has as many steps as it takes to see every clip of the protocol once, or `clips` of them; each step runs
    all updates. Trained modules are in train(), all others in eval(). The result of `precompute` replaces the inputs of
    the losses, and of `scores` if the phase is the last; elsewhere `scores` gets the inputs themselves."""

    updates: list[Update]
    epochs: int
    batch: int
    sample: Sampler = shuffled  # int64[S, B] or [S, B, 3] positions in the training clips
    schedule: Callable[[float], float] = constant  # progress in [0, 1) -> factor on every learning rate
    clips: int = 0  # largest number of clips in an epoch; 0: all
    precompute: Precompute | None = None  # once for each clip, so only by modules that the phase does not train

    @property
    def trained_modules(self) -> set[str]:
        return {name for update in self.updates for name in update.trains}


class Method(ABC):
    """A recogniser. It has the name of its module and params key; `Params` has the paper's values as defaults."""

    paper: ClassVar[str]  # one line: authors, title, where, year
    priority: ClassVar[int] = 0  # 1: its training takes longest, so it starts before others and no core waits for it
    learns: ClassVar[bool] = True  # from inputs, so that the population can teach it
    takes_several: ClassVar[bool] = False  # whether it also learns several labels at once, such as action units
    pictures: ClassVar[Mapping[str, int]] = {}  # inputs of `image_size` and, where it is a param, `frames`: channels
    macro: bool = False  # whether macro-expressions of the protocol's classes are also trained on
    recordings: ClassVar[tuple[Recording, ...]] = ("micro",)  # of the population, on which it is trained beforehand
    Params: ClassVar[type[Params]] = Params
    params: Any  # of `Params`

    def __init__(self, params: BaseModel, classes: int = CLASSES, several: SeveralLabels | None = None):
        """`several` is how it learns several labels at once; None: a clip has one of the classes.

        Raises ParamsError for several labels of a method that takes one alone."""
        self.params, self.classes, self.several = params, classes, several
        if several and not self.takes_several:
            raise ParamsError(f"{self.name()} must be given one class of each clip: it does not learn several labels")
        self.initial_weights: Mapping[str, Tensor] = {}  # of the trained `population_pretraining`; empty: from scratch

    @property
    def inputs(self) -> Shapes:
        """Names of the inputs, and their shape for one clip; by default `pictures`."""
        frames = [self.params.frames] if hasattr(self.params, "frames") else []
        size = getattr(self.params, "image_size", FLOW_SIZE)
        return {name: (channels, *frames, size, size) for name, channels in self.pictures.items()}

    @classmethod
    def name(cls) -> str:
        """Return the name of the module that defines the class, without its variant."""
        return cls.__module__.rpartition(".")[2]

    def population_params(self) -> dict[str, Any]:
        """Return the params, as plain values, with which the population trains the method.

        Raises ParamsError where param `population` names one that has no meaning there."""
        params = self.params.model_dump(mode="json")
        changed, usual = params["population"], type(self.params).model_fields["initialisation"].default
        fixed = {"planted_leak": "", "synthetic": "", "synthetic_use": "mix", "population": {}}
        if names := sorted(fixed.keys() & changed):
            raise ParamsError(f"population must not have {names[0]}: no synthetic clip and no leak is in this training")
        possible = ["scratch", *(["published"] * (usual == "published"))]
        if (initialisation := changed.get("initialisation", usual)) not in possible:
            raise ParamsError(f"population.initialisation must be {' or '.join(possible)}, not {initialisation}")
        return params | fixed | {"initialisation": usual} | changed

    def population_pretraining(self) -> Self | None:
        """Return the method that the population trains once for all folds, or None; see `initial_weights`."""
        if getattr(self.params, "initialisation", "") != "population":
            return None
        return type(self)(type(self.params).model_validate(self.population_params()), self.classes, self.several)


class ClassicalMethod(Method):
    """Features of single clips, then a classifier that is fitted once per fold; counts as one epoch.

    `initial_weights`, if there are any, are clips of the population, to which a fold's are added: `features` [n, D],
    `label` int64[n], and `counts` int64[C], `mean` and `deviation` [D] of all that the population had."""

    @abstractmethod
    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        """Return float32[N, D]. Each row depends on its clip alone, so that all folds share them without a leak."""

    @abstractmethod
    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        """Fit to the training clips' features [n, D]; return a function from features [B, D] to scores [B, C].

        Of several labels those with a score above 0 are predicted.

        Where there are `initial_weights`, n may be 0: then to these alone."""

    def population_weights(self, features: np.ndarray, targets: Targets) -> dict[str, np.ndarray]:
        """Return the `initial_weights` that the population's clips give, by name."""
        rows, label = self.decisive(features, targets), targets[LABEL]
        deviation = features.std(0, dtype=np.float64)
        return {
            "features": features[rows],
            "label": label[rows],
            "counts": np.bincount(label, minlength=self.classes),
            "mean": features.mean(0, dtype=np.float64),
            "deviation": np.where(deviation > 0, deviation, 1.0),
        }

    def decisive(self, features: np.ndarray, targets: Targets) -> np.ndarray:
        """Return positions int64[m] of the clips without which another classifier would be fitted: by default all."""
        return np.arange(len(features))


class NetworkMethod(Method):
    """A network's modules, losses and phases; the engine owns runs, seeds, optimisers, steps and devices.

    The engine stacks folds by `vmap`. So a loss only calls modules and reads none of their attributes, keeps shapes
    fixed (no `x[mask]`, `.item()` or `if` on a tensor), samples only from its `rng`, and takes inner gradients by
    `torch.func.grad`. Modules sample nothing: dropout is `counter_rng.dropout`. No layer before a batch norm has a
    bias: its gradient would be rounding noise, which Adam turns into a full step."""

    synthesises: bool = False  # default of the class; params may change it for an instance
    seeds_torch: bool = False  # whether modules may sample by torch's generator, which the caller seeds; never stacked
    weights: ClassVar[Weights | None] = None  # published weights to start from where their file is present
    published_params: ClassVar[Mapping[str, Any]] = {}  # of the networks that `weights` are for
    left_out: ClassVar[tuple[str, ...]] = ()  # modules that `initial_weights` leave as `build` made them
    normalisation: ClassVar[tuple[str, ...]] = ()  # statistics that stay those of the population, as its weights do

    published_weights: Mapping[str, Tensor] = MappingProxyType({})  # tensors of that file, for `build`; empty: none
    teacher_weights: Mapping[str, Tensor] = MappingProxyType({})  # of the trained `pretraining`, for `shared`

    def weights_fit(self) -> bool:
        """Return whether the file `weights` is for networks of these params: by default `published_params`."""
        fits = (getattr(self.params, name) == value for name, value in self.published_params.items())
        return self.weights is not None and all(fits)

    def uses_published_weights(self) -> bool:
        """Return whether the params request the file `weights`."""
        return self.weights is not None and getattr(self.params, "initialisation", "") == "published"

    def load_published_weights(self) -> str:
        """Load `published_weights` if they are present and fit, and return the code of the initialisation.

        It is "" for a method that requests none. Raises StoreError if another file has their name."""
        if self.weights is None or not self.uses_published_weights():
            return ""
        file, path = self.weights.files[0], self.weights.path() if self.weights_fit() else None
        if path is None:
            return f"{'absent' if self.weights_fit() else 'unsuited'} file={file}"
        self.published_weights = load_tensors(path)
        return f"published file={file}"

    def pretraining(self) -> "NetworkMethod | None":
        """Return the teacher, which macro-expressions train once for all folds, or None; see `teacher_weights`."""
        return None

    def statistics(self, train: ClipTensors) -> Statistics:
        """Return the estimates from the training clips that need no gradient: normalisation, class weights."""
        return {}

    def shared(self) -> dict[str, nn.Module]:
        """Return frozen pretrained modules, one copy for all folds, always in eval()."""
        return {}

    def shared_fitted_on(self) -> list[str]:
        """Return the entries of `fitted_on` of `shared` modules: what others trained them on."""
        return []

    def label_weights(self, targets: dict[str, Tensor]) -> Tensor:
        """Return float[C], statistic "class_weights" of training clips: of classes, or of several labels."""
        return labels.positive_weights(targets[LABELS]) if self.several else class_weights(targets[LABEL], self.classes)

    def label_loss(self, scores: Tensor, batch: Batch, statistics: Statistics) -> Tensor:
        """Return the mean loss of scores [B, C]: weighted cross-entropy, or that of several labels."""
        if self.several:
            targets = labels.SeveralTargets.of(batch[LABELS], scores)
            return labels.several_loss(scores, targets, statistics["class_weights"], self.several)
        return F.cross_entropy(scores, batch[LABEL], statistics["class_weights"])

    @abstractmethod
    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        """Return the freshly initialised modules of one run; torch's generator already has its seed."""

    @abstractmethod
    def phases(self) -> list[Phase]:
        """Return the phases of training in order; only the epochs of the last one are scored."""

    @abstractmethod
    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """Return float[B, C] from inputs without targets, all modules in eval(); the largest score is predicted.

        With several labels, those with a score above 0 are predicted."""

    def synthesise(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return faces float[B, channels, H, W] in 0..1 that show the classes `target_label` int64[B] of the batch.

        Only methods with `synthesises` implement this."""
        raise NotImplementedError(f"{type(self).__name__} synthesises no faces")


class Generator(NetworkMethod):
    """A network that synthesises a clip from a neutral face and the action units of a driving clip."""

    grouping: ClassVar[str] = "groups"  # of `protocols.GROUPINGS`: which subjects train the network, which are held out
    inference_modules: tuple[str, ...]  # the modules that `synthesise_clips` calls; only they are stored

    @abstractmethod
    def target_aus(self, source: Batch, driving: Batch) -> Tensor:
        """Return target intensities float[B, K, A, 2], FACS 0..5, by the subject's left and right.

        `source` has the inputs of the clips that give the faces, `driving` of those that give the movements."""

    @abstractmethod
    def synthesise_clips(self, modules: Modules, neutral: Tensor, target: Tensor) -> Tensor:
        """Return clips float[B, K, 3, H, H] in 0..1: neutral faces uint8[B, 3, H, H] with target intensities, any K.

        All modules are in eval(), and the caller disables gradients."""
