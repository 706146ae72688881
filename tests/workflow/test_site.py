"""The documentation's site and notebooks, built and run by the environment that `make test-all` installs for them."""

import base64
import importlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import microexpr

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / "envs/docs/.venv/bin/python"
NOTEBOOKS = sorted((ROOT / "docs/tutorials").glob("*.ipynb"))
LOADED = re.compile(r"<(?:script|img|iframe|source|video)\b[^>]*\bsrc=\"?(\S+?)[\">]|<link\b[^>]*\bhref=\"?([^\s\">]+)")


def run(*arguments: str) -> None:
    if not PYTHON.exists():
        pytest.skip("`make envs/docs/.venv/.installed` installs what this needs")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run([PYTHON, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def cells(notebook: Path) -> list[dict]:
    return [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a dead link or anchor, or a page outside the navigation, is an error."""
    folder = tmp_path_factory.mktemp("site")
    run("-m", "mkdocs", "--quiet", "build", "--strict", "--site-dir", str(folder))
    return folder


def test_pages_of_the_reference_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT / "docs/hooks"))
    pages = importlib.import_module("reference").pages()
    assert len(pages) == 5 and all(len(text) > 1000 for text in pages.values())


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = [page for page in site.rglob("*.html") if page.parent.name != "report"]
    loaded = {page: [a or b for a, b in LOADED.findall(page.read_text(encoding="utf-8"))] for page in pages}
    assert len(pages) > 50 and all(loaded.values())
    outside = [(page.name, url) for page, urls in loaded.items() for url in urls if re.match("(https?:)?//", url)]
    assert outside == []
    assert not [
        path for path in site.rglob("*.css") if re.search(r"url\(\"?(https?:)?//", path.read_text(encoding="utf-8"))
    ]


@pytest.mark.slow
def test_the_reference_has_every_name_command_and_section(site: Path) -> None:
    api, commands, params = (
        (site / f"reference/{name}.html").read_text(encoding="utf-8") for name in ("api", "command-line", "params")
    )
    missing = [name for name in microexpr.MODULES if not re.search(rf'id="microexpr\.api\.\w+\.{name}"', api)]
    assert missing == []
    assert api.count('class="gp"') > 2 * len(microexpr.MODULES)  # prompts of examples
    assert {"predict", "table", "film"} <= set(re.findall(r'<h2 id="(\w+)"', commands))
    sections = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8")).keys()
    undocumented = {"seed", "origin", "datasets", "macro", "methods", "generators", "variants", "appendix"}
    assert sections - undocumented <= set(re.findall(r'<h2 id="(\w+)"', params))


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_as_it_stands(notebook: Path, tmp_path: Path) -> None:
    result = tmp_path / notebook.name
    run("docs/hooks/notebooks.py", str(notebook), "--out", str(result))
    outputs, stored = ([[o["output_type"] for o in cell["outputs"]] for cell in cells(p)] for p in (result, notebook))
    assert outputs == stored


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_small_and_as_run_from_its_first_cell(notebook: Path) -> None:
    assert notebook.stat().st_size < 500_000
    assert [cell["execution_count"] for cell in cells(notebook)] == [*range(1, len(cells(notebook)) + 1)]
    outputs = [output for cell in cells(notebook) for output in cell["outputs"]]
    assert outputs and not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    pictures = [o["data"][kind] for o in outputs for kind in o.get("data", ()) if kind.startswith("image/")]
    assert not [picture for picture in pictures if len(base64.b64decode(picture)) > 100_000]
