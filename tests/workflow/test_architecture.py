"""The picture of docs/architecture.md, drawn anew from the rules and the imports that there are."""

import subprocess
import sys

import scratch


def test_the_picture_is_of_the_rules_and_imports_that_there_are(tmp_path):
    scratch.copy(tmp_path)
    page = tmp_path / "docs/architecture.md"
    committed = page.read_text(encoding="utf-8")
    subprocess.run([sys.executable, "workflow/architecture.py"], cwd=tmp_path, check=True)
    assert page.read_text(encoding="utf-8") == committed, "python workflow/architecture.py"
