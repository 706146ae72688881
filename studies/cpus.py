"""The same small run on other CPUs: with AVX-512 switched off, and on CPUs that QEMU emulates. Prints a table.

Every method of params.yaml is trained, for one epoch of each phase, on the tiny preset. Runs whose arithmetic is pinned
must have the same bytes in every file; one that is not pinned shows that the comparison can fail. An emulated CPU
executes only the jobs' scripts, about ten times slower: QEMU 8 or later (Debian: qemu-user) emulates AVX2 exactly.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pages
import yaml
from checkout import differences, environment, scratch

from microexpr.cli import config

WITHOUT_AVX512 = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",
    "NUMBA_CPU_NAME": "haswell",
    "OPENCV_IPP": "disabled",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
UNPINNED = """
SETTINGS = {name: value for name, value in SETTINGS.items() if value == "1"}
AVX512 = frozenset({"none"})
"""
HEAD = "| CPU | files of other bytes than on this CPU, pinned |\n| --- | --- |"
EMULATOR = "qemu-x86_64"
EMULATED = """import os, sys

cpu, arguments = os.environ.get("EMULATED_CPU", ""), sys.orig_argv[1:]
if cpu and arguments and "/.snakemake/scripts/" in arguments[-1] and "UNDER_EMULATOR" not in os.environ:
    os.environ["UNDER_EMULATOR"] = "1"
    os.execvp("qemu-x86_64", ["qemu-x86_64", "-cpu", cpu, sys.executable, *arguments])
"""


@dataclass(frozen=True)
class Cpu:
    """A CPU to run on: by what it is emulated or limited, and whether the arithmetic is pinned."""

    pinned: bool = True
    emulated: str = ""
    environment: dict[str, str] = field(default_factory=dict)


CPUS = {
    "this CPU": Cpu(),
    "AVX-512 switched off": Cpu(environment=WITHOUT_AVX512),
    "Haswell, emulated": Cpu(emulated="Haswell"),
    "EPYC, emulated": Cpu(emulated="EPYC"),
    "this CPU, not pinned": Cpu(pinned=False),
    "AVX-512 switched off, not pinned": Cpu(pinned=False, environment=WITHOUT_AVX512),
}


def main() -> int:
    arguments = parsed()
    rows, failed = list[str](), False
    with tempfile.TemporaryDirectory(prefix="microexpr-study-") as temporary:
        base = (arguments.keep or Path(temporary)).resolve()
        for name in arguments.only or CPUS:
            cpu = CPUS[name]
            if cpu.emulated and not shutil.which(EMULATOR):
                rows.append(f"| {name} | not run: no {EMULATOR} here |")
                continue
            run(root := base / name.replace(" ", "_"), cpu, arguments)
            count, differ = differences(base / "this_CPU", root)
            failed |= cpu.pinned == bool(differ)
            first = differ[0] if differ else ""
            rows.append(f"| {name} | {len(differ)} of {count}{', such as ' * bool(first)}{first} |")
            print(rows[-1], flush=True)
    table = "\n".join([HEAD, *rows, "", pages.source()])
    print(f"\n{table}")
    if arguments.write:
        pages.write("docs/same-digits.md", "study-cpus", table)
    return int(failed)


def parsed() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="jobs at once; default all")
    parser.add_argument("--keep", type=Path, help="a folder to run in, that stays; else a temporary one")
    parser.add_argument("--only", nargs="+", choices=CPUS, metavar="CPU", help=f"some of: {', '.join(CPUS)}")
    parser.add_argument("--write", action="store_true", help="write the table into docs/same-digits.md")
    return parser.parse_args()


def run(root: Path, cpu: Cpu, arguments: Namespace) -> None:
    """Run everything that the table needs in a copy of the project, or what a folder that is kept still lacks."""
    if not (root / "params.yaml").exists():
        scratch.copy(root)
        (root / "params.yaml").write_text(yaml.safe_dump(small(root), sort_keys=False), encoding="utf-8")
        if not cpu.pinned:
            with (root / "src/microexpr/core/arithmetic.py").open("a", encoding="utf-8") as file:
                file.write(UNPINNED)
    (hook := root / "work/emulate").mkdir(parents=True, exist_ok=True)
    (hook / "sitecustomize.py").write_text(EMULATED, encoding="utf-8")
    variables = environment(root) | cpu.environment | {"EMULATED_CPU": cpu.emulated, "MICROEXPR_FORK_SERVER": ""}
    variables["PYTHONPATH"] += f":{hook}"
    command = ["snakemake", "--cores", str(arguments.cores), "--quiet", "all", "--", "all"]
    subprocess.run(command, cwd=root, env=variables, check=True)


def small(root: Path) -> dict[str, Any]:
    """Return params.yaml with the small corpus of the tiny preset and one epoch of each phase."""
    values = config.load(root / "params.yaml")
    preset = yaml.safe_load((root / "workflow/presets/tiny.yaml").read_text(encoding="utf-8"))
    values["render"] |= preset["render"]
    values["generators"] = {name: values["generators"][name] | of for name, of in preset["generators"].items()}
    for chosen in values["methods"].values():
        chosen.update({name: 1 for name in chosen if name.endswith("epochs")})
    return values


if __name__ == "__main__":
    sys.exit(main())
