"""The protocols of emotions: those of the main table, of papers' tables, and on precomputed flow pictures."""

from dataclasses import replace

from microexpr.core.clip import POPULATION
from microexpr.datasets import MICRO
from microexpr.protocols import classes
from microexpr.protocols.protocol import Protocol, TrainingSet
from microexpr.protocols.provenance import Unit

MEGC2019, EVERY = "megc2019", "loso_all_3"  # the composite of three data sets; that of all data sets present
# The main table's protocol, each method trained so; the scores of `both` before any step are those of the population.
TRAINING_SETS: dict[TrainingSet, str] = {"corpus": "megc2019_corpus", "both": "megc2019_both"}
ABLATION = "megc2019_ablation"  # the protocol of papers' tables: trained from scratch on rendered subjects of no corpus
TITLES: dict[TrainingSet, str] = {
    "corpus": "MEGC2019 composite, {held_out}, trained on the other folds' clips alone",
    "both": "The same clips and folds, trained from the weights of the population on",
}
COMPOSITE = Protocol(
    MEGC2019, "subject", ("smic", "casme2", "samm"), classes.COMPOSITE, classes.composite, grouped=True,
    title="MEGC2019 composite, {held_out}, figures pooled over folds",
)  # fmt: skip


def _single(kind: str, dataset: str, count: int) -> Protocol:
    """Return leave-one-subject-out or leave-one-video-out of one data set."""
    unit: Unit = "subject" if kind == "loso" else "clip"
    native = classes.NATIVE.get((dataset, count))
    names, class_name = (native, classes.native) if native else (classes.COMPOSITE, classes.composite)
    return Protocol(f"{kind}_{dataset}_{count}", unit, (dataset,), names, class_name)


def _cross(trained_on: tuple[str, ...], tested: str, objective: bool = False) -> Protocol:
    """Return the protocol that trains on some data sets and tests on another."""
    names, class_name = (classes.OBJECTIVE, classes.objective) if objective else (classes.COMPOSITE, classes.composite)
    name = f"cross_{'objective_' if objective else ''}{'_'.join(trained_on)}_to_{tested}"
    return Protocol(name, "dataset", (tested,), names, class_name, trained_on)


THREE = tuple((name, 3) for name in MICRO)  # every single data set of micro-expressions
CROSSED = ("casme2", "samm", "smic")
EMOTION = (
    COMPOSITE,
    *(replace(COMPOSITE, name=name, training=kind, title=TITLES[kind]) for kind, name in TRAINING_SETS.items()),
    replace(
        COMPOSITE, name=ABLATION, unit="dataset", trained_on=(POPULATION,), grouped=False, training="ablation",
        title="",
    ),
    replace(COMPOSITE, name="split70", share=48 / 68, title=""),  # ICE-GAN's 70:30
    Protocol("objective", "subject", ("casme2", "samm"), classes.OBJECTIVE, classes.objective),
    Protocol(EVERY, "subject", MICRO, classes.COMPOSITE, classes.composite, grouped=True),
    *(_single("loso", *variant) for variant in (*THREE, *classes.NATIVE)),
    *(_single("lovo", *variant) for variant in (*THREE, ("casme2", 7), ("samm", 8))),
    *(_cross((source,), target) for source in CROSSED for target in CROSSED if source != target),
    *(_cross(tuple(name for name in CROSSED if name != tested), tested) for tested in CROSSED),
    _cross(("casme2",), "samm", objective=True),
    _cross(("samm",), "casme2", objective=True),
)  # fmt: skip
# on precomputed flow pictures
RECORDED = replace(
    COMPOSITE,
    name="flow_folders",
    title="MEGC2019 composite from precomputed flow, {held_out}, figures pooled over folds",
)
RENDERED = replace(
    RECORDED,
    name="flow_folders_population",
    unit="dataset",
    trained_on=(POPULATION,),
    title="The same clips, all tested after training on rendered subjects alone",
)
FLOW_FOLDERS = (
    RECORDED,
    replace(
        RECORDED,
        name="flow_folders_both",
        also_trained_on=(POPULATION,),
        title="The same, each fold trained on rendered subjects too",
    ),
    RENDERED,
    replace(
        RENDERED,
        name="flow_folders_means",
        unlabelled_means=True,
        title="The same clips and training, the mean of either side's flow taken off, without labels",
    ),
)
PROTOCOLS = {protocol.name: protocol for protocol in (*EMOTION, *FLOW_FOLDERS)}
