"""The weights that the trainings of a run start from: shipped, published, or trained once for all folds by `pretrain`.

One network serves all methods that want the same. The population trains networks to start from, macro-expressions
train teachers.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from microexpr.core import store
from microexpr.core.files import file_digest, visible
from microexpr.models import pretrained_weights
from microexpr.protocols import MEGC2019, TrainingSet
from microexpr.tasks import MAIN_TASK, PROTOCOLS, TASK_OF, TASKS
from microexpr.tasks.corpus import Corpus
from microexpr.tasks.emotion.plan import Plan
from microexpr.tasks.trainings import Training, Trainings
from microexpr.training.checked import MethodSpec

PACKAGE = Path("src/microexpr/weights")
INITIAL = PACKAGE / "initial"  # shipped weights that networks start from
GENERATOR = str(PACKAGE / "reenact.safetensors")  # shipped; generators of clips may start from it
SHIPPED = {  # files by the part of a script's name after fit_, and of its rule
    "landmarks": ("landmarks.onnx",),
    "action_units": ("action_units.onnx", "action_units.change.onnx"),
    "reenact": ("reenact.safetensors", "reenact.onnx"),
    "predict": ("predict.onnx",),
    "spotter": ("spotter.onnx",),
}
# The network that starts from the population's weights: a method's own, or its teacher.
Role = Literal["population", "teacher_population"]
ROLES: tuple[Role, ...] = get_args(Role)
TRAINING_SET_NAMES: tuple[TrainingSet, ...] = get_args(TrainingSet)
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
        kinds = ".teacher" * (self.role != "population") + f".{self.classes}" * (self.classes in TASKS)
        return str(INITIAL / f"{self.method}{kinds}.safetensors")


class FirstWeights:
    """The first weights of every training of a run."""

    def __init__(self, corpus: Corpus, plan: Plan, others: Mapping[str, Trainings]):
        """`plan` is that of the main table, `others` those of other tasks by name."""
        self.corpus, self.plan, self.others = corpus, plan, others

    def row(self, method: str, classes: str) -> MethodSpec:
        """Return a method that starts from the population."""
        if classes in self.others:
            return self.others[classes].rows[method]
        return self.plan.rows[method].trained("both")

    def names(self, classes: str) -> list[str]:
        """Return the methods that may start from a network with these classes."""
        return [*self.others.get(classes, self.plan).rows]

    def params(self, network: Network) -> dict[str, Any] | None:
        """Return the params of a network as the population trains it; None for one that never starts from it."""
        row = self.row(network.method, network.classes)
        return row.population if network.role == "population" else row.teacher_population

    def network(self, method: str, classes: str, role: Role = "population") -> Network | None:
        """Return the pretrained network of a method or of its teacher; methods with equal params share one.

        None for a method that never starts from the population."""
        if not (params := self.params(Network(method, classes, role))):
            return None
        names = [name for name in self.names(classes) if _base(name) == _base(method)]
        networks = (Network(name, classes, role) for role in ROLES for name in names)
        return next(network for network in networks if self.params(network) == params)

    def paths(self, training: Training, role: Role = "population") -> list[str]:
        """Return the file from which a training, or that of its teacher, starts, if any.

        It is shipped where the network, params, classes and recordings are equal; else stage `pretrain` trains it."""
        classes = training.task.class_set(training.protocol)
        network = self.network(training.method, classes, role)
        if network is None or not getattr(training.about, role):
            return []
        expected = {
            "network": _base(training.method),
            "params": json.dumps(self.params(network), sort_keys=True),
            "classes": ", ".join(training.protocol.classes),
            "population": self.corpus.recorded,
        }
        if training.protocol.several:
            expected["several"] = self.plan.params[classes]["loss"]
        shipped = (path for path, about in self._shipped.items() if expected.items() <= about.items())
        return [next(shipped, network.path)]

    @cached_property
    def _shipped(self) -> dict[str, dict[str, str]]:
        return {str(path): store.read_metadata(path) for path in visible(INITIAL, "*.safetensors")}

    def digests(self, training: Training, role: Role = "population") -> dict[str, str]:
        """Return the digest of the shipped file that a training starts from: a change of it reruns the training."""
        shipped = [path for path in self.paths(training, role) if path not in self.networks]
        return {path: file_digest(path) for path in shipped}

    @staticmethod
    def published(file: str) -> str:
        """Return the digest of published weights in torch's folder; "" if the file is not there, or for no file.

        A change of them reruns the trainings that start from them."""
        weights = pretrained_weights.PUBLISHED
        return weights[file].digest if file and weights[file].path() else ""

    def of_generator(self, generator: str) -> list[str]:
        """Return the file from which a generator of clips starts, if it starts from any."""
        return [GENERATOR] * (self.plan.generators.rows[generator].params["initialisation"] == "shipped")

    @cached_property
    def networks(self) -> dict[str, Network]:
        """By file, the networks that this run may train on the population."""
        return {network.path: network for network in self._of_rows(list(self.protocol_of_classes))}

    @cached_property
    def protocol_of_classes(self) -> dict[str, str]:
        """By name of a set of classes, a protocol that has them."""
        allowed = [name for plan in (self.plan, *self.others.values()) for name in plan.allowed]
        return {TASK_OF[name].class_set(PROTOCOLS[name]): name for name in reversed(allowed)}

    def _of_rows(self, classes: list[str], methods: list[str] | None = None) -> list[Network]:
        """Return the networks of all methods, or of these of the main task, by classes; then those of other tasks."""
        main = self.plan.methods if methods is None else methods
        pairs = [(name, kind) for kind in classes for name in (self.others[kind].rows if kind in self.others else main)]
        networks = {self.network(name, kind, role) for name, kind in pairs for role in ROLES}
        return sorted(filter(None, networks), key=lambda network: (network.classes in TASKS, network.path))

    @property
    def package_files(self) -> dict[str, str]:
        """By file that a run fits, that in the package: of its readers, and of the initial weights of tables' rows."""
        files = [file for names in SHIPPED.values() for file in names]
        main = self.plan.task.class_set(PROTOCOLS[MEGC2019])
        others = [name for name, plan in self.others.items() if plan.rows and name in self.protocol_of_classes]
        networks = {network.path: network.shipped for network in self._of_rows([main, *others], self.plan.in_table)}
        return {f"results/shipped/{file}": str(PACKAGE / file) for file in files} | networks

    def teacher(self, training: Training) -> tuple[str, TrainingSet] | None:
        """Return the first method or variant, and its training set, that pretrains the same network on
        macro-expressions. None without one."""
        plan, params = self.plan, training.about.pretraining
        if training.task.name != MAIN_TASK or not params:
            return None
        names = [name for name in plan.methods if _base(name) == _base(training.method)]
        pairs = [(name, kind) for name in names for kind in TRAINING_SET_NAMES]
        pairs.sort(key=lambda pair: pair[1] != plan.declared(pair[0]))  # those by their params first
        return next((name, kind) for name, kind in pairs if plan.rows[name].trained(kind).pretraining == params)

    def teacher_paths(self, training: Training) -> list[str]:
        """Return the network of macro-expressions that guides a training, if one does."""
        if not (teacher := self.teacher(training)):
            return []
        name, kind = teacher
        part = "" if kind == self.plan.declared(name) else f"{kind}_"
        return [f"results/pretrain/{name}/{part}{training.task.class_set(training.protocol)}.safetensors"]

    @cached_property
    def teachers(self) -> dict[str, Training]:
        """By file, the teachers that this run may train, with the first training that each guides."""
        trainings = reversed(self.plan.trainings)
        return {path: training for training in trainings for path in self.teacher_paths(training)}

    @property
    def files(self) -> set[str]:
        """All networks that this run may train once for all folds."""
        return {*self.networks, *self.teachers}

    def needed(self) -> list[str]:
        """Return the networks of the population that the main table needs, since they are not shipped."""
        paths = {path for training in self.plan.table for role in ROLES for path in self.paths(training, role)}
        return sorted(paths & {*self.networks})

    def note(self) -> str:
        """Return what the main table waits for where weights that networks start from are not shipped; else ""."""
        networks = [path for path in self.needed() if not Path(path).exists()]
        if not networks:
            return ""
        subjects = [path for path in self.corpus.population_files["training"] if not Path(path).exists()]
        minutes = round(len(subjects) * MINUTES)
        first = f"after {len(subjects)} that render the population in about {minutes} minutes of one core"
        return (
            f"note: no shipped weights have the params of {', '.join(networks)}; {len(networks)} jobs train them, "
            f"{first}; `initialisation: scratch` does without"
        )


def _base(method: str) -> str:
    """Return the method of a variant, which is the name of its network."""
    return method.partition(".")[0]
