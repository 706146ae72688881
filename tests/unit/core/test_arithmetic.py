"""All CPUs compute alike: what is set, when, and that compiled code asks for nothing in which CPUs differ."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
import torch
from numba import njit

from microexpr.core import arithmetic, kernel_cache
from microexpr.models.layers.portable import square_root
from microexpr.signals.motion.kernels import bicubic

SOURCES = Path(__file__).parents[3] / "src/microexpr"
FACES = SOURCES.with_name("facs_faces")
HASWELL = frozenset({"avx2", "fma"})
BARE = {name: value for name, value in os.environ.items() if name not in arithmetic.settings()}


def python(code: str, environment: dict[str, str] = BARE) -> str:
    """Return what a new process prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_tests_run_pinned_and_importing_the_package_changes_nothing():
    assert arithmetic.is_pinned() == arithmetic.is_supported()
    code = "import os; before = dict(os.environ); import microexpr.core.arithmetic as a; "
    assert python(f"{code}print(before == os.environ, a.is_pinned())") == "True False"


def test_a_process_is_pinned_before_it_loads_libraries_or_starts_anew(tmp_path):
    pinned = "import numpy, cv2; print(a.is_pinned() == a.is_supported())"
    assert python(f"from microexpr.core import arithmetic as a; a.pin(); {pinned}") == "True"
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, numpy\nfrom microexpr.core import arithmetic as a\na.restart_pinned()\n"
        "print(a.is_pinned() == a.is_supported(), sys.argv[1:])\n",
        encoding="utf-8",
    )
    command = [sys.executable, str(script), "an argument"]
    assert subprocess.check_output(command, env=BARE, text=True) == "True ['an argument']\n"


def test_a_pinned_process_computes_on_one_thread():
    threads = "cv2.getNumThreads(), numba.get_num_threads(), torch.get_num_threads()"
    pools = "{pool['num_threads'] for pool in threadpoolctl.threadpool_info()}"
    code = f"import cv2, numba, threadpoolctl, torch; print({threads}, {pools})"
    assert python(code, BARE | arithmetic.settings()) == "1 1 1 {1}"


def test_too_late_is_an_error(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    with pytest.raises(RuntimeError, match="numpy, cv2, numba, torch must be imported after"):
        arithmetic.pin()
    assert not arithmetic.is_pinned()


@pytest.mark.parametrize(
    ("flags", "supported", "opencv"),
    [
        (frozenset(), False, None),
        (frozenset({"avx", "fma"}), False, None),
        (HASWELL, True, None),
        (HASWELL | arithmetic.AVX512, True, "AVX512-SKX"),
    ],
)
def test_settings_follow_the_cpu(monkeypatch, flags, supported, opencv):
    monkeypatch.setattr(arithmetic, "cpu_flags", lambda: flags)
    settings = arithmetic.settings()
    assert settings["OMP_NUM_THREADS"] == "1"
    assert arithmetic.is_supported() == supported == ("MKL_CBWR" in settings)
    assert settings.get("OPENCV_CPU_DISABLE") == opencv


@pytest.mark.skipif(not arithmetic.is_supported(), reason="this CPU has no AVX2")
def test_kernels_estimate_no_roots_or_quotients():
    def unit(x, out):
        for i in range(x.size):
            out[i] = np.float32(1) / np.sqrt(x[i])

    estimates = []
    for flags in (True, arithmetic.FASTMATH):
        kernel = njit("void(float32[::1], float32[::1])", fastmath=flags, error_model="numpy")(unit)
        (assembly,) = kernel.inspect_asm().values()
        estimates.append(bool(re.search(r"\bv?(?:rcp|rsqrt)[ps]s\b", assembly)))
    assert estimates == [True, False]
    flags = {
        flag
        for path in (*SOURCES.rglob("*.py"), *FACES.rglob("*.py"))
        for flag in re.findall(r"fastmath=(\w+)", path.read_text(encoding="utf-8"))
    }
    assert flags == {"FASTMATH"}


def test_roots_are_those_of_every_cpu():
    values = torch.linspace(1e-6, 50, 4097)
    assert torch.equal(square_root(values), values.rsqrt().reciprocal())
    np.testing.assert_allclose(square_root(values).numpy(), np.sqrt(values.numpy()), rtol=3e-7)
    assert square_root(torch.zeros(1)) == 0
    estimated = [
        path.name
        for folder in ("models", "training", "apps")
        for path in (SOURCES / folder).rglob("*.py")
        if re.search(r"(?<!np)\.sqrt\(\)|torch\.sqrt", path.read_text(encoding="utf-8"))
    ]
    assert not estimated, "square_root of models/layers has the same bytes on every CPU"


def test_compiled_code_is_kept_by_the_source_that_it_is_of(monkeypatch, tmp_path):
    (tmp_path / "facs_faces").mkdir()
    (module := tmp_path / "facs_faces/lanes.py").write_text("a = 1\n")
    monkeypatch.setattr(arithmetic, "SOURCES", tmp_path)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/cache")
    folders = []
    for text in ("a = 1\n", "a = 2\n", "a = 1\n"):
        module.write_text(text)
        arithmetic._source_digest.cache_clear()
        folders.append(arithmetic.kernel_cache())
        monkeypatch.setenv("NUMBA_CACHE_DIR", folders[-1])
        assert arithmetic.kernel_cache() == folders[-1]  # a process that another started finds the same folder
        monkeypatch.setenv("NUMBA_CACHE_DIR", "/cache")
    arithmetic._source_digest.cache_clear()
    assert folders[0].startswith("/cache/kernels-") and folders[0] == folders[2] != folders[1]


def test_compiled_code_is_found_by_every_checkout():
    path = str(SOURCES / "signals/flow/tvl1.py")
    assert kernel_cache.BySource.get_suitable_cache_subpath(path) == "microexpr-signals-flow"
    assert kernel_cache.BySource.from_function(test_compiled_code_is_found_by_every_checkout, __file__) is None
    assert numba.config.CACHE_LOCATOR_CLASSES == arithmetic.LOCATORS
    assert Path(bicubic._cache.cache_path) == Path(arithmetic.kernel_cache(), "microexpr-signals-motion")
