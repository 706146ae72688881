"""The digest of what code does: what changes it and what does not."""

import ast

import closure
import pytest

CODE = '''"""Module."""
import math
from os import path

SCALE = 255.0


def mean(values, *, scale=SCALE):
    """Return the mean."""
    total = 0
    for value in values:
        total += value * scale  # each counts
    halves = [part / 2 for part in values]
    return total / len(values), sum(halves), f"{total:>{len(halves)}}"


class Kept:
    """A value."""

    value: int = 3
    """It is kept."""

    def get(self):
        pass
'''
SAME = {
    "comments": ("SCALE = 255.0", "# scale\nSCALE = 255.0  # of grey levels"),
    "docstring of a module": ('"""Module."""\n', ""),
    "docstring of a function": ('"""Return the mean."""', '"""Give the mean.\n\n    At length."""'),
    "docstring of a class": ('    """A value."""\n', ""),
    "docstring of a field": ('    """It is kept."""\n', ""),
    "docstring in place of pass": ("        pass", '        """Nothing."""'),
    "layout": ("total / len(values), sum(halves)", "(total / len(values)), sum(\n        halves,\n    )"),
    "quotes": ('f"{total:>{len(halves)}}"', "f'''{total:>{len(halves)}}'''"),
    "digits": ("255.0", "2_55.000"),
    "line ends": ("\n", "\r\n"),
}
OTHER = {
    "variable": ("total", "entire"),
    "constant": ("255.0", "254.0"),
    "type of a constant": ("255.0", "255"),
    "negative zero": ("total = 0", "total = -0.0"),
    "operator": ("total +=", "total -="),
    "statement": ("total = 0\n", "total = 0\n    scale = scale\n"),
    "order": ("import math\nfrom os import path", "from os import path\nimport math"),
    "import": ("import math", "import cmath"),
    "name of an import": ("from os import path", "from os import path as place"),
    "argument": ("values", "numbers"),
    "default": ("scale=SCALE", "scale=None"),
    "global": ("SCALE = 255.0", "SCALE, OTHER = 255.0, 1"),
    "field": ("value: int", "amount: int"),
    "name of a function": ("def mean", "def average"),
    "another variable": ("return total / len", "return value / len"),
    "format": (":>{", ":<{"),
    "text": ('f"{total', 'f" {total'),
    "variable in the text": ('f"{total:', 'f"{total=:'),
}


def digest(code: str) -> str:
    return closure.meaning(ast.parse(code))


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        pytest.param(*edit, counts, id=name)
        for edits, counts in ((SAME, False), (OTHER, True))
        for name, edit in edits.items()
    ],
)
def test_only_what_has_a_meaning_counts(old, new, counts):
    assert old in CODE and (digest(CODE.replace(old, new)) != digest(CODE)) == counts


def test_docstrings_count_where_the_same_file_reads_them():
    code = 'def f():\n    """One."""\n    return f.__doc__'
    assert digest(code) != digest(code.replace("One", "Two"))


def test_every_python_gives_the_same_digest():
    """Versions have other syntax trees, above all of f-strings."""
    code = (
        CODE + "\nmatch f'{SCALE!r:a{3}.2f}' 'b' f'' f'{SCALE=:}':\n    case {'a': 1e999, **rest}:\n        [*rest]\n"
    )
    assert digest(code) == "2447068172b20f841e6f880aa79b425bd8ae61e13077b62efccd72c103a37dae"
