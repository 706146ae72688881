"""The digest of what code does: what changes it and what does not, and whether a variable may lose its name."""

import ast
import sys
from collections.abc import Callable
from types import CodeType

import pytest
import scratch

sys.path.insert(0, str(scratch.ROOT / "workflow"))
import meaning

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
    "variable": ("total", "entire"),
    "variable of a comprehension": ("part / 2 for part in", "half / 2 for half in"),
    "line ends": ("\n", "\r\n"),
}
OTHER = {
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
    return meaning.digest(ast.parse(code))


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


@pytest.mark.parametrize(
    "body",
    [
        "global kept; kept = 1",
        "kept = 1; return lambda: kept",
        "kept = 1\n    def inner():\n        nonlocal kept\n        kept = 2",
        "kept = 1\n    class Inner:\n        value = kept",
        "kept = 1; return locals()",
        "kept = 1; return eval(text)",
        "import kept; kept = kept.part",
        "return [kept for _ in values] + [kept for kept in values]",  # the first is of the module
        "return [kept for kept in kept]",
        "try: pass\n    except Exception as kept: pass",
    ],
)
def test_a_variable_that_others_may_know_keeps_its_name(body):
    code = f"def f():\n    {body}"
    assert digest(code) != digest(code.replace("kept", "other"))


def test_docstrings_count_where_the_same_file_reads_them():
    code = 'def f():\n    """One."""\n    return f.__doc__'
    assert digest(code) != digest(code.replace("One", "Two"))


def test_every_python_gives_the_same_digest():
    """This one is of 3.11, 3.12 and 3.13, which have other syntax trees, above all of f-strings."""
    code = (
        CODE + "\nmatch f'{SCALE!r:a{3}.2f}' 'b' f'' f'{SCALE=:}':\n    case {'a': 1e999, **rest}:\n        [*rest]\n"
    )
    assert digest(code) == "457754e9c1f3fb3d9068bdb541aa819424e7cbd673dc9a6a3bcd6527faffac1e"


def suffixed(code: str) -> tuple[ast.Module, int]:
    """The code with another name for each variable that has none in the digest, and their number."""
    count = 0

    class Body(ast.NodeTransformer):
        def __init__(self, names: dict[str, str]):
            self.names = names

        def visit_Name(self, node: ast.Name) -> ast.Name:
            node.id += "__renamed" * (node.id in self.names)
            return node

        def keep(self, node: ast.AST) -> ast.AST:
            return node

        visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = keep

    class Module(ast.NodeTransformer):
        def function(self, node: ast.FunctionDef) -> ast.AST:
            nonlocal count
            names = meaning._local_names(node)
            count += len(names)
            node.body = [Body(names).visit(statement) for statement in node.body]
            return self.generic_visit(node)

        visit_FunctionDef = visit_AsyncFunctionDef = function

    return ast.fix_missing_locations(Module().visit(ast.parse(code))), count


def compiled(code: CodeType) -> tuple:
    """Return what a compiler makes of some code, less the names of variables of functions."""
    names: Callable = lambda variables: sorted(name.removesuffix("__renamed") for name in variables)  # noqa: E731
    inner = [compiled(const) if isinstance(const, CodeType) else repr(const) for const in code.co_consts]
    return code.co_code, code.co_names, names(code.co_freevars), names(code.co_cellvars), code.co_argcount, inner


def test_the_compiler_agrees_that_these_names_have_no_meaning():
    """Bytecode, and the names of globals and attributes in it, stay the same where variables get other names."""
    count = 0
    for path in sorted((scratch.ROOT / "src/microexpr/signals").rglob("*.py")):
        code = path.read_text(encoding="utf-8")
        renamed, variables = suffixed(code)
        count += variables
        assert compiled(compile(code, "", "exec")) == compiled(compile(renamed, "", "exec")), path
    assert count > 500
