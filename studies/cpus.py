"""Does the same small run have the same bytes with AVX-512 switched off? Every method, with arithmetic pinned and not.

Every method of params.yaml is trained, for one epoch of each phase, on the tiny preset. Runs whose arithmetic is pinned
must have the same bytes in every file; one that is not pinned shows that the comparison can fail.
"""

import os
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pages
import yaml
from checkout import compute, differences, scratch

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
CPUS = {  # variables of the run, and whether its arithmetic is pinned
    "this CPU": ({}, True),
    "AVX-512 switched off": (WITHOUT_AVX512, True),
    "this CPU, not pinned": ({}, False),
    "AVX-512 switched off, not pinned": (WITHOUT_AVX512, False),
}


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="jobs at once; default all")
    parser.add_argument("--write", action="store_true", help="write the table into docs/same-digits.md")
    arguments = parser.parse_args()
    rows, failed = ["| CPU | files of other bytes than on this CPU, pinned |", "| --- | --- |"], False
    with tempfile.TemporaryDirectory(prefix="microexpr-study-") as temporary:
        for name, (variables, pinned) in CPUS.items():
            scratch.copy(root := Path(temporary) / name.replace(" ", "_"))
            if not pinned:
                with (root / "src/microexpr/core/arithmetic.py").open("a", encoding="utf-8") as file:
                    file.write(UNPINNED)
            compute(root, small(root), arguments.cores, "all", variables=variables | {"MICROEXPR_FORK_SERVER": ""})
            count, differ = differences(Path(temporary) / "this_CPU", root)
            failed |= pinned == bool(differ)
            rows.append(f"| {name} | {len(differ)} of {count}{', such as ' + differ[0] if differ else ''} |")
            print(rows[-1], file=sys.stderr, flush=True)
    pages.publish("docs/same-digits.md", "study-cpus", rows, writes=arguments.write)
    return int(failed)


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
