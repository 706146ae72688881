"""The weights that the trainings of a run start from: shipped, published, or trained once for all folds by `pretrain`.

One network serves all methods that want the same. The population trains networks to start from, macro-expressions
train teachers.
"""

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from microexpr import protocols
from microexpr.core import digests, store
from microexpr.models import pretrained_weights
from microexpr.protocols import PROTOCOLS, TRAINING_SETS, Training

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from dag import Dag

PACKAGE = Path("src/microexpr/weights")
INITIAL = PACKAGE / "initial"  # shipped weights that networks start from
GENERATOR = str(PACKAGE / "reenact.safetensors")  # shipped; generators of clips may start from it
SHIPPED = {  # files by the part of a script's name after fit_, and of its rule
    "landmarks": ("landmarks.onnx",),
    "action_units": ("action_units.onnx", "action_units.change.onnx"),
    "reenact": ("reenact.safetensors", "reenact.onnx"),
    "predict": ("predict.onnx",),
    "spotter": ("spotter.safetensors",),
}
Role = Literal["population", "teacher_population"]  # which network of a method starts from the population's weights
ROLES: tuple[Role, ...] = get_args(Role)
TRAININGS: tuple[Training, ...] = get_args(Training)
CLASSES = {protocol.label_set: protocol.classes for protocol in PROTOCOLS.values()}
MAIN, UNITS = (PROTOCOLS[name].label_set for name in (protocols.MEGC2019, protocols.UNITS))
MINUTES = 0.25  # of a core in which a subject of the population is rendered


class Network(NamedTuple):
    """A network that the population trains."""

    method: str  # the first method or variant that starts from it
    classes: str  # name of a set of classes
    role: Role

    @property
    def path(self) -> str:
        """The file that stage `pretrain` writes."""
        return f"results/pretrain/{self.method}/{self.role}_{self.classes}.safetensors"

    @property
    def shipped(self) -> str:
        """The file in the package, such as initial/mtmnet.teacher.safetensors."""
        kinds = ".teacher" * (self.role != "population") + ".units" * (self.classes == UNITS)
        return str(INITIAL / f"{self.method}{kinds}.safetensors")


class FirstWeights:
    """The first weights of every training of a run."""

    def __init__(self, run: "Dag"):
        self.run = run

    def about(self, method: str, classes: str, role: str) -> "Any":
        """Return a property of a method that starts from the population, such as params of the network of a role."""
        run = self.run
        return (run.unit_methods[method] if classes == UNITS else run.about_training(method, "both"))[role]

    def network(self, method: str, classes: str, role: Role = "population") -> Network | None:
        """Return the network of the first variant, itself or its teacher, that the population trains with equal params.

        None for a method that never starts from the population."""
        if not (params := self.about(method, classes, role)):
            return None
        rows = self.run.unit_methods if classes == UNITS else self.run.methods
        networks = (Network(name, classes, role) for role in ROLES for name in rows if _base(name) == _base(method))
        return next(network for network in networks if self.about(*network) == params)

    def paths(self, method: str, protocol: str, role: Role = "population") -> list[str]:
        """Return the file from which a method, or its teacher, starts under a protocol, if any.

        It is shipped where the network, params, classes and recordings are equal; else stage `pretrain` trains it."""
        network = self.network(method, PROTOCOLS[protocol].label_set, role)
        if network is None or not self.run.about(method, protocol)[role]:
            return []
        expected = {
            "network": _base(method),
            "params": json.dumps(self.about(*network), sort_keys=True),
            "classes": ", ".join(CLASSES[network.classes]),
            "population": self.run.recorded,
        }
        if network.classes == UNITS:
            expected["several"] = self.run.params["units"]["loss"]
        shipped = (path for path, about in self._shipped.items() if expected.items() <= about.items())
        return [next(shipped, network.path)]

    @cached_property
    def _shipped(self) -> dict[str, dict[str, str]]:
        return {str(path): store.read_metadata(path) for path in sorted(INITIAL.glob("*.safetensors"))}

    def digests(self, method: str, protocol: str, role: Role = "population") -> dict[str, str]:
        """Return the digest of the shipped file that a training starts from: a change of it reruns the training."""
        shipped = [path for path in self.paths(method, protocol, role) if path not in self.networks]
        return {path: digests.of_file(path) for path in shipped}

    @staticmethod
    def published(file: str) -> str:
        """Return the digest of published weights in torch's folder; "" if they do not, or for no file.

        A change of them reruns the trainings that start from them."""
        weights = pretrained_weights.PUBLISHED
        return weights[file].digest if file and weights[file].path() else ""

    def of_generator(self, generator: str) -> list[str]:
        """Return the file from which a generator of clips starts, if it starts from any."""
        return [GENERATOR] * (self.run.generators[generator]["params"]["initialisation"] == "shipped")

    @cached_property
    def networks(self) -> dict[str, Network]:
        """By file, the networks that this run may train on the population."""
        networks = self._of_rows(dict.fromkeys(self.run.protocol_of_classes, self.run.methods))
        return {network.path: network for network in networks}

    def _of_rows(self, rows: "dict[str, Iterable[str]]") -> list[Network]:
        """Return the networks of methods, given by classes, then those of action units, which have no teacher."""
        networks = {self.network(name, c, role) for c, names in rows.items() for name in names for role in ROLES}
        networks |= {self.network(name, UNITS) for name in self.run.unit_methods}
        return sorted(filter(None, networks), key=lambda network: (network.classes == UNITS, network.path))

    @property
    def package_files(self) -> dict[str, str]:
        """By file that a run fits, that in the package: of its readers, and of the initial weights of tables' rows."""
        files = [file for names in SHIPPED.values() for file in names]
        networks = {network.path: network.shipped for network in self._of_rows({MAIN: self.run.in_table})}
        return {f"results/shipped/{file}": str(PACKAGE / file) for file in files} | networks

    def teacher(self, method: str, training: Training) -> tuple[str, Training] | None:
        """Return the first method or variant, and its training, that pretrains the same network on macro-expressions.

        None without one."""
        run = self.run
        if not (params := run.about_training(method, training)["pretraining"]):
            return None
        pairs = sorted(
            ((name, kind) for name in run.methods if _base(name) == _base(method) for kind in TRAININGS),
            key=lambda pair: pair[1] != run.declared(pair[0]),  # those by their params first
        )
        return next(pair for pair in pairs if run.about_training(*pair)["pretraining"] == params)

    def teacher_paths(self, method: str, protocol: str) -> list[str]:
        """Return the network of macro-expressions that guides a method under a protocol, if one does."""
        if not (teacher := self.teacher(method, self.run.training(method, protocol))):
            return []
        name, training = teacher
        part = "" if training == self.run.declared(name) else f"{training}_"
        return [f"results/pretrain/{name}/{part}{PROTOCOLS[protocol].label_set}.safetensors"]

    def teacher_protocol(self, name: str) -> str:
        """Return, by the name of a teacher's file, a protocol with its classes and its training."""
        training = next((kind for kind in TRAININGS if name.startswith(f"{kind}_")), None)
        protocol = self.run.protocol_of_classes[name.removeprefix(f"{training}_")]
        is_main = protocol in (protocols.MEGC2019, protocols.EVERY)
        return (TRAINING_SETS | {"ablation": protocols.ABLATION})[training] if training and is_main else protocol

    @cached_property
    def teachers(self) -> set[str]:
        """The teachers that this run may train."""
        pairs = (self.teacher(name, training) for name in self.run.methods for training in TRAININGS)
        names = {pair[0] for pair in pairs if pair}
        return {
            path for name in names for protocol in self.run.protocols for path in self.teacher_paths(name, protocol)
        }

    @property
    def files(self) -> set[str]:
        """All networks that this run may train once for all folds."""
        return {*self.networks, *self.teachers}

    def needed(self) -> list[str]:
        """Return the networks of the population that the main table needs, since they are not shipped."""
        rows, protocol = self.run.in_table, self.run.protocol.name
        paths = {path for name in rows for role in ROLES for path in self.paths(name, protocol, role)}
        return sorted(paths & {*self.networks})

    def note(self) -> str:
        """Return what the main table waits for where weights that networks start from are not shipped; else ""."""
        networks = [path for path in self.needed() if not Path(path).exists()]
        if not networks:
            return ""
        subjects = [path for path in self.run.population_training_files if not Path(path).exists()]
        minutes = round(len(subjects) * MINUTES)
        first = f"after {len(subjects)} that render the population in about {minutes} minutes of one core"
        return (
            f"note: no shipped weights have the params of {', '.join(networks)}; {len(networks)} jobs train them, "
            f"{first}; `initialisation: scratch` does without"
        )


def _base(method: str) -> str:
    """Return the method of a variant, which is the name of its network."""
    return method.partition(".")[0]
