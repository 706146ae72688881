"""Run an author's own training in this process, on the layout in the current folder. Started by `benchmarks/peers.py`.

    python drive.py {ststnet,htnet,meb.STSTNet,meb.OffApexNet} CLONE EPOCHS
    python drive.py meb.units.STSTNet CLONE EPOCHS    # started by `benchmarks/units.py`

Their files are read from their clone and are not changed. STSTNet's and HTNet's training functions have no option for
epochs: the one constant is replaced in memory. meb is a library: its own validator trains each fold. What is missing on
this machine, or in today's versions, is replaced and printed, `Stand-in: ...`. Needs nothing of microexpr but where
torchvision does not load.
"""

import argparse
import ast
import importlib
import json
import sys
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILES = {"ststnet": "main.py", "htnet": "main_HTNet.py", "meb": "meb/core/train_eval.py"}
# Imported by meb, used by none of its optical-flow networks: packages, and which of their modules is imported.
MISSING = {"get_image_size": "get_image_size", "py_evm": "py_evm", "pytorchvideo": "pytorchvideo.transforms"}
SEED = 1  # as meb's own default


def stand_in(text: str) -> None:
    """Say what was replaced."""
    print(f"Stand-in: {text}", flush=True)


def with_epochs(source: str, epochs: int) -> ast.Module:
    """Return a program with `epochs = <constant>` replaced in its function `main`. ValueError unless there is one."""
    tree = ast.parse(source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    assigned = [
        node
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and [target.id for target in node.targets if isinstance(target, ast.Name)] == ["epochs"]
    ]
    if len(assigned) != 1:
        raise ValueError(f"main() must set epochs to a constant once, not {len(assigned)} times")
    assigned[0].value = ast.copy_location(ast.Constant(epochs), assigned[0].value)
    return tree


def load(path: Path, epochs: int) -> Any:
    """Return an author's script as a module that has not run yet."""
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    exec(compile(with_epochs(path.read_text(encoding="utf-8"), epochs), str(path), "exec"), module.__dict__)
    return module


def script(path: Path, epochs: int) -> None:
    """Train as the script does with `--train True`."""
    import torch

    _strtobool()
    if path.name == FILES["htnet"]:
        _torchvision()
    module = load(path, epochs)
    pooled: list[Any] = []
    if path.name == FILES["htnet"]:
        _mtcnn(module)
        _remember(module, pooled)
    torch.manual_seed(SEED)
    module.main(argparse.Namespace(train=True))
    if pooled:  # HTNet computes the last epoch's predictions, and prints those of the best test epoch
        print("Predicted    :", [int(value) for value in pooled[-1]])


def _remember(module: Any, pooled: list[Any]) -> None:
    """Keep the predictions that are evaluated last, which are all folds' last epochs'."""
    evaluate: Callable[..., Any] = module.recognition_evaluation

    def remembering(truth: Any, predicted: Any, **options: Any) -> Any:
        pooled.append(list(predicted))
        return evaluate(truth, predicted, **options)

    module.recognition_evaluation = remembering


def _mtcnn(module: Any) -> None:
    import torch

    if not torch.cuda.is_available():
        stand_in("HTNet's face detector on the CPU, where its code names `cuda:0`")
        detector = module.MTCNN
        module.MTCNN = lambda device, **options: detector(device="cpu", **options)


def _strtobool() -> None:
    """Python 3.12 has no distutils, from which both scripts import one function."""
    try:
        importlib.import_module("distutils.util")
    except ImportError:
        stand_in("`distutils.util.strtobool`, which Python 3.12 has no more")
        package, util = types.ModuleType("distutils"), types.ModuleType("distutils.util")
        util.strtobool = bool  # type: ignore[attr-defined]
        sys.modules.update({"distutils": package, "distutils.util": util})


def _torchvision() -> None:
    """facenet_pytorch needs one operator of torchvision; on PyPI that is compiled for CUDA's torch alone."""
    try:
        importlib.import_module("torchvision")
    except (RuntimeError, OSError):
        stand_in("torchvision's `nms` in Python, because PyPI's torchvision does not load next to torch's CPU build")
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        sys.path[:0] = [str(ROOT / "src"), str(ROOT / "envs/pyfeat")]
        importlib.import_module("detectors").stand_in_for_torchvision_operators()


def _absent(name: str) -> None:
    """Put an empty module in the place of one that cannot be imported."""
    stand_in(f"`{name}`, which meb imports and these networks never call")
    for loaded in [loaded for loaded in sys.modules if loaded.split(".")[0] in (name, "torchvision")]:
        del sys.modules[loaded]
    module = sys.modules[name] = types.ModuleType(name)
    module.transforms = types.SimpleNamespace(  # type: ignore[attr-defined]  # the names that meb reads of pytorchvideo
        mix=types.SimpleNamespace(), CutMix=None, MixUp=None, MixVideo=None
    )


def meb(clone: Path) -> list[Any]:
    """Return meb's packages core, models and utils, of its clone."""
    Path("data").mkdir(exist_ok=True)  # meb looks for a folder of this name
    for name, part in MISSING.items():
        try:
            importlib.import_module(part)
        except (ImportError, RuntimeError, OSError):
            _absent(name)
    sys.path.insert(0, str(clone))
    return [importlib.import_module(f"meb.{part}") for part in ("core", "models", "utils")]


def units(clone: Path, network: str, epochs: int) -> None:
    """Train meb's network on action units by its own validator, leaving out each data set of `arrays.npz` in turn.

    Scores [N, 12] go to `scores.npy`, in the order of the clips, which are sorted by data set."""
    import numpy as np
    import pandas
    import torch

    core, models, _ = meb(clone)
    with np.load("arrays.npz") as arrays:
        flow, labels, datasets = arrays["flow"], arrays["labels"], arrays["dataset"]

    class Config(core.Config):  # the defaults of its experiments with action units
        model = partial(getattr(models, network), num_classes=labels.shape[1])

    Config.epochs = epochs
    table = pandas.DataFrame(labels.clip(0), columns=Config.action_units).assign(dataset=datasets)
    validator = core.CrossDatasetValidator(Config, verbose=False)
    validator.disable_tqdm = True
    np.save("scores.npy", torch.cat(validator.validate(table, flow, SEED)).numpy())


def library(clone: Path, network: str, epochs: int) -> None:
    """Train meb's network by its own validator, one fold after the other, on `arrays.npz`."""
    import numpy as np
    import pandas
    import torch
    from torch import nn

    core, models, utils = meb(clone)
    with np.load("arrays.npz") as arrays:
        flow, labels, subjects = arrays["flow"], arrays["label"], arrays["subject"]
        table = pandas.DataFrame({"subject": subjects, "dataset": arrays["dataset"]})
        folds = json.loads(str(arrays["folds"]))
    kind = getattr(models, network)
    if network == "OffApexNet":
        flow = flow[:, :2]  # u and v

    class Config(core.Config):  # the defaults, but as its experiments with classes of emotions have it
        action_units = None
        evaluation_fn = utils.MultiClassF1Score
        criterion = nn.CrossEntropyLoss
        model = partial(kind, num_classes=3)

    Config.epochs = epochs
    validator = core.MEGCValidator(Config, verbose=False)
    validator.disable_tqdm = True
    utils.set_random_seeds(SEED)
    for fold in folds:
        test = np.array(fold["test"])
        _, _, outputs = validator.validate_split(table, flow, labels, subjects[test[0]])
        print("Predicted    :", torch.as_tensor(outputs).argmax(1).tolist())
        print("Ground Truth :", labels[test].tolist(), flush=True)


def main() -> None:
    program, clone, epochs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    sys.path.pop(0)  # the folder of this file
    if program.startswith("meb.units."):
        return units(clone, program.removeprefix("meb.units."), epochs)
    if program.startswith("meb."):
        return library(clone, program.removeprefix("meb."), epochs)
    sys.path.insert(0, str(clone))
    return script(clone / FILES[program], epochs)


if __name__ == "__main__":
    main()
