"""Recognition of emotions in precomputed flow pictures: for users without video."""

from microexpr.protocols.emotion import FLOW_FOLDERS
from microexpr.tasks.task import Recognition

TASK = Recognition(
    "flow_folders",
    {"flow_folders_table": tuple(protocol.name for protocol in FLOW_FOLDERS)},
    protocols=FLOW_FOLDERS,
    rules=("flow_folders", "flow_folders_region", "flow_folders_population"),
    has_clip_datasets=False,
    after=("emotion",),
)
