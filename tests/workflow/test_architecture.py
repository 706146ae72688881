"""The table of docs/architecture.md is that of the rules."""

import subprocess
import sys

import scratch


def test_the_table_of_stages_is_that_of_the_rules(tmp_path):
    scratch.copy(tmp_path)
    page = tmp_path / "docs/architecture.md"
    committed = page.read_text(encoding="utf-8")
    subprocess.run([sys.executable, "workflow/architecture.py"], cwd=tmp_path, check=True)
    assert page.read_text(encoding="utf-8") == committed, "python workflow/architecture.py"
