"""Does the same small run have the same bytes with AVX-512 switched off? Every method, with arithmetic pinned and not.

Every method of params.yaml is trained, for one epoch of each phase, on the tiny preset. Runs whose arithmetic is pinned
must have the same bytes in every file; one that is not pinned shows that the comparison can fail.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import checkout
import pages
from checkout import compute, differences, scratch

PAGE, MARK = "docs/same-digits.md", "study-cpus"
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
    arguments = pages.parser(__doc__, PAGE, cores=os.cpu_count()).parse_args()
    table, failed = pages.Table("CPU", "files of other bytes than on this CPU, pinned"), False
    with tempfile.TemporaryDirectory(prefix="microexpr-study-") as temporary:
        for name, (variables, pinned) in CPUS.items():
            scratch.copy(root := Path(temporary) / name.replace(" ", "_"))
            if not pinned:
                with (root / "src/microexpr/core/arithmetic.py").open("a", encoding="utf-8") as file:
                    file.write(UNPINNED)
            compute(root, small(), arguments.cores, "all", variables=variables | {"MICROEXPR_FORK_SERVER": ""})
            count, differ = differences(Path(temporary) / "this_CPU", root)
            failed |= pinned == bool(differ)
            table.add(name, f"{len(differ)} of {count}{', such as ' + differ[0] if differ else ''}")
    table.publish(PAGE, MARK, writes=arguments.write_docs)
    return int(failed)


def small() -> dict[str, Any]:
    """Return params.yaml with the small corpus of the tiny preset and one epoch of each phase."""
    values, tiny = checkout.params(), checkout.params("tiny")
    values["render"] = tiny["render"]
    values["generators"] = {name: values["generators"][name] | of for name, of in tiny["generators"].items()}
    for chosen in values["methods"].values():
        chosen.update({name: 1 for name in chosen if name.endswith("epochs")})
    return values


if __name__ == "__main__":
    sys.exit(main())
