"""What a method is: its inputs, its params and pure functions. No folds, files, devices or optimiser steps come in.

Shapes: N clips, n of them in training, B in a batch, S steps in an epoch, D features, C classes of the protocol.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from microexpr.core.clip import LABELS
from microexpr.models.counter_rng import Stream
from microexpr.models.pretrained_weights import Weights, tensors

CLASSES = len(LABELS)  # of the main table; a method asks its own `classes`

Shapes = dict[str, tuple[int, ...]]  # by input name, without the axis of clips
Batch = dict[str, Tensor]  # inputs and targets, each [B, ...]; for `scores` the inputs only
Statistics = dict[str, Tensor]  # same shapes in every fold, or the folds could not be stacked
# "label", "subject", "dataset", "macro", "synthetic": int64[n]; "aus": int64[n, action units]; "reacts": int64[n, 4];
# "held_out": bool[n], of clips that train by a declared leak alone
Targets = dict[str, np.ndarray]
Modules = SimpleNamespace  # what `build` and `shared` returned, to be called: modules.generator(noise)
Loss = Callable[[Modules, Batch, Statistics, Stream], Tensor]  # a scalar
Reader = Callable[[Modules, Batch, Statistics], Batch]  # of a batch's inputs, what a phase reads in their place
Scorer = Callable[[np.ndarray], np.ndarray]  # features float32[B, D] -> float32[B, C]
Sampler = Callable[[Targets, int, int, np.random.Generator], np.ndarray]
Optimiser = Callable[[list[Tensor]], torch.optim.Optimizer]


class Params(BaseModel):
    """Base of every method's params: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    planted_leak: Literal["", "held_out_clips"] = Field(
        default="",
        description="declared, to show what it does: trains on the held-out clips too; its figures are never ranked",
    )
    synthetic: str = Field(default="", description="a method that makes faces, whose faces this one trains on besides")
    synthetic_use: Literal["mix", "pretrain"] = Field(
        default="mix", description="among the others, or all phases on them alone before all phases on the others"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="of a network's products and convolutions while it trains; weights stay float32"
    )


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips resident in memory, at an index of any shape: [B]; [R, B] of R stacked runs; [B, 3] of triplets."""

    inputs: dict[str, Tensor]  # by the names in Method.inputs, each [N, ...]
    targets: dict[str, Tensor]  # int64[N]: "label", "subject", "dataset", "macro", "synthetic"; "aus", "reacts"

    def __len__(self) -> int:
        return len(self.targets["label"])

    @property
    def micro(self) -> int:
        """How many of them are the protocol's own; the others, marked `macro` or `synthetic`, only train."""
        return len(self) - sum(int(self.targets[key].sum()) for key in ("macro", "synthetic") if key in self.targets)

    def __getitem__(self, index: Tensor) -> "Clips":
        return Clips({k: v[index] for k, v in self.inputs.items()}, {k: v[index] for k, v in self.targets.items()})

    def to(self, device: torch.device) -> "Clips":
        return Clips(
            {k: v.to(device) for k, v in self.inputs.items()}, {k: v.to(device) for k, v in self.targets.items()}
        )


def shuffled(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """int64[S, B] positions in the training clips: permutation after permutation, so every batch is full."""
    count = len(targets["label"])
    orders = [rng.permutation(count) for _ in range(-(-steps * batch // count))]
    return np.concatenate(orders)[: steps * batch].reshape(steps, batch)


def constant(progress: float) -> float:
    """A schedule that leaves the learning rates alone."""
    return 1.0


@dataclass(frozen=True, eq=False)
class Update:
    """One optimiser step: the gradient of `loss` in the modules named by `trains`, and in no others."""

    loss: Loss
    trains: dict[str, Optimiser]  # {"critic": partial(torch.optim.Adam, lr=1e-4)}
    every: int = 1  # one generator step to five of the critic: every=5


@dataclass(frozen=True, eq=False)
class Phase:
    """`epochs`, each with so many steps that all of the protocol's clips would be seen once; all updates in each step.

    The modules that it trains are in train(), all others in eval(). What `reads` gives takes the place of the inputs
    for its losses, and for `scores` where the phase is the last; `scores` is given the inputs themselves elsewhere.
    """

    updates: list[Update]
    epochs: int
    batch: int
    sample: Sampler = shuffled  # int64[S, B] or [S, B, 3] positions in the training clips
    schedule: Callable[[float], float] = constant  # progress in [0, 1) -> factor on every learning rate
    reads: Reader | None = None  # by modules that the phase does not train, so once for each clip; None: the inputs

    @property
    def trained(self) -> set[str]:
        """Names of the modules that any update trains."""
        return {name for update in self.updates for name in update.trains}


class Method(ABC):
    """A recogniser. Found by name = module name = params key; `Params` holds the paper's values as defaults."""

    paper: ClassVar[str]  # one line: authors, title, where, year
    macro: bool = False  # whether macro-expressions of the protocol's classes are trained on besides
    Params: ClassVar[type[Params]] = Params

    def __init__(self, params: BaseModel, classes: int = CLASSES):
        self.params, self.classes = params, classes

    @property
    @abstractmethod
    def inputs(self) -> Shapes:
        """The inputs that it reads, by name, with the shape of one clip's."""

    def learns_from(self, dataset: str) -> bool:
        """Whether it trains on this data set's macro-expressions besides."""
        return self.macro and getattr(self.params, "macro_source", "") in ("", dataset)


class ClassicalMethod(Method):
    """Features of each clip by itself, then a machine fitted once per fold; counts as one epoch."""

    @abstractmethod
    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        """float32[N, D]. Looks at each clip alone, so it is made once for all folds without a leak."""

    @abstractmethod
    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        """A function of features float32[B, D] to scores float32[B, C], from the training clips' features [n, D]."""


class NetworkMethod(Method):
    """Pure parts only; the engine owns runs, seeds, optimisers, steps and devices.

    A loss calls modules and reads nothing else of them, keeps shapes fixed (no `x[mask]`, `.item()` or `if` on a
    tensor), draws only from its `rng`, and takes inner gradients by `torch.func.grad`. Modules draw nothing: dropout is
    `draws.dropout`. No bias comes before a batch norm: its gradient is rounding noise, which Adam makes a full step.
    """

    synthesises: bool = False  # of the method, unless its params say otherwise
    weights: ClassVar[Weights | None] = None  # published ones that it starts from, if the file is there

    def __init__(self, params: BaseModel, classes: int = CLASSES):
        super().__init__(params, classes)
        self.published: Mapping[str, Tensor] = {}  # the tensors of that file, for `build`; none: from scratch
        self.taught: Mapping[str, Tensor] = {}  # what `pretraining` became, for `shared`

    def fits(self) -> bool:
        """Whether its params are those that `weights` are for."""
        return self.weights is not None

    def start(self) -> str:
        """Reads `published` if they fit and are there, and says which it is; "" for a method without `weights`.

        Raises StoreError for another file of that name.
        """
        if self.weights is None:
            return ""
        file, path = self.weights.files[0], self.weights.path() if self.fits() else None
        if path is None:
            return f"from scratch: {file} {'is not here' if self.fits() else 'is not for these params'}"
        self.published = tensors(path)
        return f"from {file}"

    def pretraining(self) -> "NetworkMethod | None":
        """What its macro-expressions alone train, once for all folds; `shared` finds its tensors in `taught`."""
        return None

    def statistics(self, train: Clips) -> Statistics:
        """What is fitted on the training clips without a gradient: normalisation, class weights."""
        return {}

    def shared(self) -> dict[str, nn.Module]:
        """Pretrained and frozen, one copy for all folds; never trained, always in eval()."""
        return {}

    @abstractmethod
    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        """Fresh modules of one run. torch's generator is seeded by the run."""

    @abstractmethod
    def phases(self) -> list[Phase]:
        """What is trained, in order; only the last one's epochs are scored."""

    def beginning(self) -> dict[str, Any] | None:
        """The params that all phases but the last depend on; methods that share them share what these phases make.

        None: nothing is to be shared, as where there is but one phase."""
        return None

    @abstractmethod
    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """float[B, C] of inputs alone, all modules in eval(); largest is predicted."""

    def synthesise(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """float[B, channels, H, W] in 0..1: faces that show class `label_asked` int64[B]; only where `synthesises`."""
        raise NotImplementedError(f"{type(self).__name__} makes no images")


class Generator(NetworkMethod):
    """A network that makes clips: one of a neutral face and of the action units that another clip goes through."""

    grouping: ClassVar[str] = "groups"  # of `protocols.GROUPINGS`: on whom it is trained, for whom it is not
    makes: ClassVar[tuple[str, ...]]  # the modules that `sequence` calls: those that are kept

    @abstractmethod
    def asked(self, face: Batch, moves: Batch) -> Tensor:
        """float[B, K, A, 2], FACS 0..5 by the subject's left and right: what is asked of faces, of the inputs of the
        clips that lend the face and of those that lend the movement."""

    @abstractmethod
    def sequence(self, modules: Modules, neutral: Tensor, asked: Tensor) -> Tensor:
        """float[B, K, 3, H, H] in 0..1: neutral faces uint8[B, 3, H, H] that go through what is asked, of any K.

        All modules are in eval(), and no gradient is kept."""
