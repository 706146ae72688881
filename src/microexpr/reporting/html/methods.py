"""The paper of each method, and its params with other values than the paper's. Formats values, computes none."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from microexpr.core import store
from microexpr.models import recognisers
from microexpr.reporting import param_list, references


@dataclass(frozen=True, slots=True)
class Background:
    """The paper of a method, and its departures in params."""

    paper: str  # in a line; that of a method without a reference says why
    reference: references.Reference | None
    other_params: list[param_list.Param]  # with other values than the paper's


def background(name: str, row: Mapping[str, str], shards: Sequence[str]) -> Background:
    """Return the background of a method: `row` is that of the table, `shards` are the files of its training.

    Values are those that the first file was trained with. Raises StoreError for a file that cannot be read."""
    kind, reference = recognisers.find(name), references.find(name)
    with store.open_file(shards[0], "train") as file:
        values = json.loads(file.attrs["params"]).get(f"methods.{name}", {})
    others = row["differs_from_paper"].split(", ")
    params = [param for param in param_list.fields(kind.Params, values) if param.name.partition(".")[0] in others]
    return Background(reference.text if reference else kind.paper, reference, params)
