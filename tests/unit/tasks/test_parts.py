"""Parts of tasks: modules of a folder by the names in `PARTS`, since a misspelt one would be passed over."""

from pathlib import Path
from pkgutil import iter_modules

import pytest

from microexpr import tasks
from microexpr.tasks import TASKS
from microexpr.tasks.task import PARTS

FOLDERS = {path.name: path for path in Path(*tasks.__path__).iterdir() if path.name in TASKS}


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_every_module_of_a_folder_is_a_part_with_names_that_are_looked_for(name):
    modules = {module.name for module in iter_modules([str(FOLDERS[name])])}
    assert modules - {"params"} <= PARTS.keys()
    for module in modules & {part for part, attributes in PARTS.items() if attributes}:
        assert any(TASKS[name].part(module, attribute) for attribute in PARTS[module])


def test_what_a_task_has_not_is_none():
    assert TASKS["emotion"].part("table", "TABLE") is None and TASKS["units"].part("table", "plots") is None
