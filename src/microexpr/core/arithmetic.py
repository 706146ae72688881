"""One arithmetic: the same inputs give the same bytes on every x86-64 CPU with AVX2.

NumPy, OpenBLAS, OpenCV, numba, ATen, oneDNN and MKL choose their instructions by the CPU, and a thread for each of its
cores. Wider instructions and more threads add in another order, which changes the last digit, and after a training a
row of a table. So commands, rules and tests limit them to AVX2 and one thread, by variables of the environment, which
the libraries read when they are loaded. Importing this module changes nothing."""

import hashlib
import os
import sys
from functools import cache
from pathlib import Path

from microexpr.core.files import SOURCES, visible

COMPILED = ("facs_faces", "microexpr/signals/flow", "microexpr/signals/motion")  # with functions that numba compiles
LIBRARIES = ("numpy", "cv2", "numba", "torch")  # all others compute by these, or are compiled once for every CPU
LOCATORS = "microexpr.core.kernel_cache.BySource,UserProvidedCacheLocator,UserWideCacheLocator"  # of numba, by rank
AVX512 = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})  # what OpenCV calls AVX512-SKX
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",
    "NUMBA_CPU_NAME": "haswell",
    "OPENCV_IPP": "disabled",
    "OPENCV_LOG_LEVEL": "ERROR",  # or it would warn in every process that IPP is disabled
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "COMPATIBLE",  # AVX2 is one kernel on Intel's CPUs and another on AMD's
}
# For numba's compiler: it may leave out checks for values that are no numbers, but not compute in another order, fuse
# products with sums or estimate quotients, which it would do otherwise in code that it compiles than in code that it
# finds in its cache, and for each CPU.
FASTMATH = {"nnan", "ninf", "nsz"}
NOTE = (
    "note: this CPU has no AVX2, so digits may differ from those of machines that have it; on one machine they are "
    "always the same"
)


@cache
def cpu_flags() -> frozenset[str]:
    """Return the instruction sets of this CPU as Linux names them; none where it does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.split(":")[1].split() for line in lines if line.startswith("flags")), []))


def is_supported() -> bool:
    """Return whether this CPU can compute as all others do."""
    return {"avx2", "fma"} <= cpu_flags()


def settings() -> dict[str, str]:
    """Return the variables of the environment that pin the libraries on this CPU: only threads if it has no AVX2."""
    cache_folder = {"NUMBA_CACHE_DIR": kernel_cache(), "NUMBA_CACHE_LOCATOR_CLASSES": LOCATORS}
    if not is_supported():
        return {name: value for name, value in SETTINGS.items() if value == "1"} | cache_folder
    return SETTINGS | cache_folder | ({"OPENCV_CPU_DISABLE": "AVX512-SKX"} if cpu_flags() >= AVX512 else {})


def kernel_cache() -> str:
    """Return the folder where numba keeps the compiled form of this source code. numba compares a function's own file
    only, so a change of what it calls would leave old machine code in use. The folder is below the user's
    NUMBA_CACHE_DIR, if there is one, else below the package."""
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or SOURCES / "microexpr/__pycache__")
    name = f"kernels-{_source_digest()}"
    return str(folder if folder.name == name else folder / name)


@cache
def _source_digest() -> str:
    whole = hashlib.sha256()
    sources = sorted(path for folder in COMPILED for path in visible(SOURCES / folder, "*.py"))
    for path in (*sources, Path(__file__)):  # the compiler's settings are in this file
        whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


def pin() -> None:
    """Set the variables, for this process and those that it starts. Raises RuntimeError where it is too late for this
    one: see `restart_pinned`."""
    if not _is_set() and (loaded := [name for name in LIBRARIES if name in sys.modules]):
        raise RuntimeError(f"{', '.join(loaded)} must be imported after the CPU's arithmetic is pinned, not before")
    os.environ.update(settings())


def restart_pinned() -> None:
    """Start this process again with the variables set, unless they are: for scripts that import first and then run."""
    if not _is_set():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | settings())


def is_pinned() -> bool:
    """Return whether this process computes as every other one that is pinned, on whatever CPU."""
    modules, pinned = sys.modules, [is_supported(), _is_set()]  # libraries may be loaded before the variables are set
    if "numpy" in modules:
        from numpy._core._multiarray_umath import __cpu_features__  # type: ignore[import-not-found]

        pinned.append(not __cpu_features__["X86_V4"])
    if "cv2" in modules:
        pinned.append(not modules["cv2"].ipp.useIPP())
    if "numba" in modules:
        pinned.append(SETTINGS["NUMBA_CPU_NAME"] == modules["numba"].config.CPU_NAME)
    if "torch" in modules:
        pinned.append(modules["torch"].backends.cpu.get_cpu_capability() == "AVX2")
    return all(pinned)


def _is_set() -> bool:
    return settings().items() <= os.environ.items()
