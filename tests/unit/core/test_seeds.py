"""Random streams by name, which keep their spelling since renaming one changes every result."""

import ast
import hashlib
from pathlib import Path

import numpy as np

from microexpr.core.seeds import generator, spawn

SOURCES = Path(__file__).parents[3] / "src"
CALLS = {"spawn", "generator", "seeds", "key"}
# the literal names of every call; `*` stands for a value
NAMES = """
* | * | * | * | plan, * | * | * | camera, * | * | * | performer, * | * | camera, * | * | loss, * | * | order,
* | * | performance, * | * | portraits | *, * | * | recordings, * | * | scene | *, * | * | session | *, * | * | wall,
* | action units | *, * | answers | *, * | answers | shuffled | *,
* | clothes, * | displays | probes, * | evaluate, * | evaluate | * | *,
* | evaluate | * | * | *, * | evaluate | * | chance, * | evaluate | * | halves, * | famgan | training | *,
* | film | camera, * | film | events, * | film | performance, * | film | performer, * | film | wall,
* | generate | * | * | *, * | generate | * | * | * | coders, * | generate | * | * | * | video,
* | generate | * | * | performer, * | generate | * | backdrop, * | generate | * | camera,
* | generate | * | census, * | generate | * | performance, * | generate | * | snapshot, * | generate | * | wall,
* | generated | key light, * | generated | sensor noise, * | glasses, * | groups | *, * | hair,
* | inner | * | *, * | iris, * | landmarks | *, * | landmarks | errors | *, * | lashes, * | look, * | marks,
* | observers | groups, * | own | * | *, * | own | * | camera, * | own | * | events, * | own | * | performance,
* | own | * | performer, * | own | * | wall, * | pace | * | *,
* | shape, * | skin, * | split | * | *, * | spotter | *, * | spotter | * | *,
* | strands, * | style, * | synth | *,
* | synth | * | * | *, * | synth | * | held out | * | *, * | synth | noise | * | *, * | synth | stills,
* | train | * | *, * | traits, * | transfer | *, * | transfer | * | camera, * | transfer | * | face,
* | transfer | * | traits, * | transfer | ablation, * | truth, * | wall, build, fit, synthesis | *
"""
FROZEN = [name.strip() for name in NAMES.replace("\n", " ").split(",")]
FILMED = {  # spelt by `film.film_take` from parts: the whole names stay above, for their seeds
    f"* | {take} | {name}"
    for take in ("film", "own | *")
    for name in ("camera", "events", "performance", "performer", "wall")
}
SEEDS = "fb6d60f9f0f1b6ee"  # digest of the seeds that these names spawn from root 1


def text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "*"


def streams(path: Path) -> set[str]:
    """Literal names of the random streams that a module opens."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            called = getattr(function, "id", getattr(function, "attr", ""))
            arguments = [text(argument) for argument in node.args] if called in CALLS else []
            if set(arguments) - {"*"}:
                names.add(" | ".join(arguments))
    return names


def test_streams_and_their_seeds_are_those_of_ever():
    opened = set().union(*map(streams, SOURCES.rglob("*.py")))
    assert opened == {*FROZEN, "* | * | events", "* | * | performer"} - FILMED
    seeds = sorted((name, int(spawn(1, *name.split(" | ")).generate_state(1)[0])) for name in FROZEN)
    assert hashlib.sha256(repr(seeds).encode()).hexdigest().startswith(SEEDS)


def test_the_root_matters_steps_do_not_and_global_state_stays():
    assert generator(7, "a").integers(2**63) != generator(8, "a").integers(2**63)
    steps = spawn(spawn(spawn(7, "casme2"), "sub01"), "train")
    assert np.array_equal(steps.generate_state(4), spawn(7, "casme2", "sub01", "train").generate_state(4))
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    generator(7, "casme2").integers(2**63, size=4)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
