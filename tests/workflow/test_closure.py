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
    found = code("flow")
    assert "src/microexpr/signals/flow/__init__.py" in found
    assert "src/microexpr/core/errors.py" in found  # by store
    assert "workflow/scripts/adapter.py" in found
    assert "workflow/scripts/flow.py" not in found  # Snakemake watches it
    assert not [path for path in found if "models" in path or "rendering" in path or path.endswith("faces.py")]


def test_a_method_depends_on_its_own_file_only():
    found = code("train", "models.recognisers.ststnet")
    assert "src/microexpr/models/recognisers/ststnet.py" in found
    assert not [path for path in found if path.startswith("src/microexpr/models/recognisers/icegan")]
    assert "src/microexpr/signals/aus/regressor.py" not in found  # its outputs are inputs, its code is not
