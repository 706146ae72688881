"""Names of random streams keep their spelling: whoever renames one changes every result there is."""

import ast
from pathlib import Path

from microexpr.core.seeds import spawn

SOURCES = Path(__file__).parents[3] / "src/microexpr"
CALLS = {"spawn", "generator", "seeds", "key"}
# the literal names of every call (`*` stands for a value) and the seed that they spawn from root 1
FROZEN = {
    "* | * | * | * | plan": 2885425935,
    "* | * | * | camera": 2693772169,
    "* | * | * | performer": 996451967,
    "* | * | loss": 389925649,
    "* | * | order": 847252758,
    "* | * | performance": 1387633866,
    "* | * | portraits | *": 1918937545,
    "* | * | scene | *": 4003206363,
    "* | * | session | *": 2734633689,
    "* | * | wall": 226777817,
    "* | action units | *": 1922345403,
    "* | clothes": 1480606652,
    "* | displays | probes": 125217769,
    "* | evaluate": 3359383005,
    "* | evaluate | * | *": 2535650890,
    "* | evaluate | * | * | *": 136052619,
    "* | evaluate | * | chance": 71561251,
    "* | evaluate | * | halves": 1032008819,
    "* | famgan | training | *": 3621432532,
    "* | film | camera": 2123855991,
    "* | film | events": 1851734204,
    "* | film | performance": 4105406115,
    "* | film | performer": 3397714626,
    "* | film | wall": 3647137723,
    "* | generate | * | * | *": 3951722201,
    "* | generate | * | * | * | coders": 1322849834,
    "* | generate | * | * | * | video": 331418049,
    "* | generate | * | * | performer": 1190882187,
    "* | generate | * | backdrop": 1217999314,
    "* | generate | * | camera": 2248319735,
    "* | generate | * | census": 4049723959,
    "* | generate | * | performance": 1981959425,
    "* | generate | * | snapshot": 793901925,
    "* | generate | * | wall": 1805389114,
    "* | generated | key light": 1902333167,
    "* | generated | sensor noise": 2664317194,
    "* | form": 1887510793,
    "* | glasses": 253864722,
    "* | groups | *": 2591397672,
    "* | hair": 3332123155,
    "* | inner | * | *": 1126879101,
    "* | iris": 336915409,
    "* | landmarks | *": 2193275577,
    "* | landmarks | errors | *": 4211465000,
    "* | lashes": 4149096950,
    "* | look": 3398558836,
    "* | marks": 4040119049,
    "* | observers | groups": 3197718,
    "* | shape": 3602718566,
    "* | skin": 3896206729,
    "* | split | * | *": 2931368571,
    "* | strands": 864276847,
    "* | style": 2707414731,
    "* | synth | *": 566111262,
    "* | synth | * | * | *": 3826537089,
    "* | synth | * | held out | * | *": 1600877695,
    "* | synth | noise | * | *": 837641816,
    "* | synth | stills": 2005785154,
    "* | train | * | *": 3991001407,
    "* | traits": 2863852200,
    "* | transfer | *": 3580831863,
    "* | transfer | * | camera": 1981603495,
    "* | transfer | * | face": 3038903200,
    "* | transfer | * | traits": 2894684757,
    "* | transfer | ablation": 3570063743,
    "* | truth": 1893037002,
    "* | wall": 2088316471,
    "build": 1778295846,
    "fit": 2672571968,
    "synthesis | *": 88919473,
}


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


def test_streams_are_spelt_as_ever():
    assert set().union(*map(streams, SOURCES.rglob("*.py"))) == set(FROZEN)


def test_seeds_of_these_streams_are_those_of_ever():
    assert {name: int(spawn(1, *name.split(" | ")).generate_state(1)[0]) for name in FROZEN} == FROZEN
