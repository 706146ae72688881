"""Write the native layouts, by the part `rendered` of their facts in `datasets.layouts`; `datasets` reads them.

`names` has a function for each data set, `annotations` the rows on the clips. Pixels and reading do not come
in here."""

from typing import Any

from pydantic import TypeAdapter

from microexpr.datasets.layouts import Layout, facts
from microexpr.datasets.layouts import names as datasets
from microexpr.rendering import coder
from microexpr.rendering.layout import Native
from microexpr.rendering.layouts import annotations, names
from microexpr.rendering.long_videos import LongNative


def clips_native(about: Layout) -> Native:
    """Return the layout of a data set of clips. Raises pydantic's ValidationError for an unknown or wrong field."""
    values: dict[str, Any] = {**about.rendered}
    files = {file: annotations.workbook_of_clips(**sheet) for file, sheet in values.pop("workbooks", {}).items()}
    files |= annotations.LISTS.get(about.name, {}) | annotations.NOTICE
    values |= {"dataset": about.name, "name_clip": getattr(names, about.name), "label": about.label}
    values["code"] = getattr(coder, values.get("code", "casme2"))
    values |= {"annotations": files, **annotations.OTHERS.get(about.name, {})}
    return TypeAdapter(Native).validate_python(values)


def videos_native(about: Layout) -> LongNative:
    """Return the layout of a data set of long videos. Raises pydantic's ValidationError as `clips_native` does."""
    values: dict[str, Any] = {**about.rendered}
    if isinstance(values["videos"], dict):  # number of videos -> subjects with as many
        values["videos"] = [count for count, subjects in values["videos"].items() for _ in range(subjects)]
    values |= {"dataset": about.name, "name_video": getattr(names, about.name)}
    values["annotations"] = annotations.WORKBOOKS_OF_VIDEOS[about.name] | annotations.NOTICE
    return TypeAdapter(LongNative).validate_python(values)


_ALL = [facts(name) for name in datasets()]
NATIVES: dict[str, Native] = {about.name: clips_native(about) for about in _ALL if about.kind != "long"}
LONG_NATIVES: dict[str, LongNative] = {about.name: videos_native(about) for about in _ALL if about.kind == "long"}
