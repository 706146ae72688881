"""Source files as inputs: what an import reaches."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def code(*arguments: str) -> list[str]:
    program = (
        f"import sys; sys.path.insert(0, 'workflow'); import closure; print('\\n'.join(closure.code{arguments!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, text=True, capture_output=True, check=True)
    return done.stdout.split()


def test_follows_imports_all_the_way():
    files = code("flow")
    assert "src/microexpr/signals/flow/__init__.py" in files
    assert "src/microexpr/core/errors.py" in files  # by store
    assert "workflow/scripts/adapter.py" in files
    assert "workflow/scripts/flow.py" not in files  # Snakemake watches it
    assert not [path for path in files if "models" in path or "rendering" in path or path.endswith("faces.py")]


def test_a_method_depends_on_its_own_file_only():
    files = code("train", "models.recognisers.ststnet")
    assert "src/microexpr/models/recognisers/ststnet.py" in files
    assert not [path for path in files if path.startswith("src/microexpr/models/recognisers/icegan")]
    assert "src/microexpr/signals/aus/regressor.py" not in files  # its outputs are inputs, its code is not
