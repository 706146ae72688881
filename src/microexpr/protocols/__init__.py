"""Define the protocols by name: which clips train and which are tested. Knows clips; no files, no scores.

docs/protocols.md has them as a table. `PROTOCOLS` are those of emotions; `microexpr.tasks` adds those of others.

May import: core, datasets.
"""

from microexpr.datasets import MICRO
from microexpr.protocols import classes
from microexpr.protocols.classes import CODED, driving_clips
from microexpr.protocols.emotion import ABLATION, EVERY, MEGC2019, PROTOCOLS, TRAINING_SETS
from microexpr.protocols.emotion import FLOW_FOLDERS as _FLOW_FOLDERS
from microexpr.protocols.protocol import Grouping, Protocol, TrainingSet
from microexpr.protocols.splits import check_shards, shard

__all__ = [
    "ABLATION", "ALL_GROUPS", "CODED", "EVERY", "FLOW_PROTOCOLS", "GROUPINGS", "GROUPS", "MAIN", "MEGC2019",
    "PROTOCOLS", "TRAINING_SETS", "Grouping", "Protocol", "TrainingSet", "check_shards", "driving_clips", "shard",
    "synthesised_classes",
]  # fmt: skip

MAIN = tuple(name for name, protocol in PROTOCOLS.items() if protocol.title)  # of tables: all their folds are trained
FLOW_PROTOCOLS = tuple(protocol.name for protocol in _FLOW_FOLDERS)

# Groups of subjects that generators of clips hold out; all protocols share them.
GROUPS = Grouping("groups", "subject", ("casme2", "samm"), classes.EMOTIONS, classes.emotion)
ALL_GROUPS = Grouping("all_groups", "subject", MICRO, classes.COMPOSITE, classes.composite, has_driving_group=True)
GROUPINGS = {protocol.name: protocol for protocol in (GROUPS, ALL_GROUPS)}


def synthesised_classes(dataset: str) -> list[str]:
    """Return the classes of the clips that generators synthesise for a data set: its emotions, and MEGC2019's."""
    native = {name for (of, _), names in classes.NATIVE.items() if of == dataset for name in names}
    emotions = {"others" if name == "other" else name for name in native} if dataset in GROUPS.datasets else set()
    return sorted(emotions | {*classes.COMPOSITE})
