"""Recognition of emotions in precomputed flow pictures: for users without video."""

from dataclasses import replace

from microexpr.core.clip import POPULATION
from microexpr.protocols.protocol import Task
from microexpr.protocols.tasks.emotion import COMPOSITE

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
PROTOCOLS = (
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
TASK = Task(
    "flow_folders", PROTOCOLS, {"flow_folders_table": tuple(protocol.name for protocol in PROTOCOLS)}, pictures=True
)  # fmt: skip
