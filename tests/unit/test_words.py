"""Plain words: names that name their value, docstrings that stand alone, no phrase that a stranger has to guess at.

CONTRIBUTING.md says the rules; this holds them. A quotation or a published title that breaks one goes to `QUOTED`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = {  # of values: a participle or a pronoun says nothing of what the value is
    "again", "apart", "begun", "drawn", "found", "given", "here", "kept", "known", "made", "one", "own", "place",
    "said", "shown", "taught", "there", "told", "wanted", "whose", "who", "asked", "meant", "gone", "laid",
}  # fmt: skip
OPENINGS = ("Of ", "Who ", "Whose ", "Whom ", "What ", "Those ", "Where ", "That ")
PHRASES = re.compile(
    r"\b(besides|beside|anew|likewise|whoever|so many|(has|have) the last word|say rightly|hereof|made faces?|"
    r"made clips?|made people|strong expressions?|goes? on from|whose way)\b",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"\s*([-*] )?(Of|Who|Whose|Whom|Those) [a-z]")  # in Markdown, at the start of a line
QUOTED = {  # names and sentences that results already carry
    "difference there and `beside` the mean change generated elsewhere, in grey levels. `ssim` and `psnr` compare with",
    '"beside": float(np.abs(change)[~changed].mean()),',
    '"synthetic": "on what {generator} made of its training clips, beside these",',
    '"synthetic_first": "at first alone on what {generator} made of its training clips, beside these",',
}
PYTHON = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("workflow/**/*.py")])
READ = ("*.md", "docs/**/*.md", "data/*.md", "results/*.md", "benchmarks/*.md", "workflow/rules/*.smk")
TEXTS = sorted([*PYTHON, *(path for pattern in (*READ, "workflow/**/*.yaml", "*.yaml") for path in ROOT.glob(pattern))])


def named(tree: ast.AST) -> Iterator[str]:
    """Yield each listed word that a value or an argument is called by, and each docstring opening."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in NAMES:
            yield f"{node.lineno}: the value `{node.id}` has no noun"
        elif isinstance(node, ast.arg) and node.arg in NAMES:
            yield f"{node.lineno}: the argument `{node.arg}` has no noun"
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
            docstring = ast.get_docstring(node) or ""
            if docstring.startswith(OPENINGS):
                yield f"{getattr(node, 'lineno', 1)}: a docstring opens with {docstring.split()[0]!r}"


def phrases(text: str, markdown: bool) -> Iterator[str]:
    """Yield each listed phrase, and in Markdown each sentence that opens with a relative pronoun."""
    for i, line in enumerate(text.splitlines(), 1):
        if line.strip() not in QUOTED:
            yield from (f"{i}: {phrase[0]!r}" for phrase in PHRASES.finditer(line))
            if markdown and SENTENCE.match(line) and not line.rstrip().endswith("?"):
                yield f"{i}: a sentence opens with {line.split()[0]!r}"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_words(path):
    text = path.read_text(encoding="utf-8")
    assert [*phrases(text, path.suffix == ".md"), *(named(ast.parse(text)) if path.suffix == ".py" else ())] == []
