"""Documentation: its examples run, its links lead somewhere, its index is complete, its tables are those of a run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from figures import PLOTS
from PIL import Image

from microexpr.cli import config
from microexpr.models import recognisers

ROOT = Path(__file__).parents[2]
COMMITTED = config.check_cached(config.load(ROOT / "params.yaml"))
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *(ROOT / f"{name}/README.md" for name in ("benchmarks", "data", "results")),
]
LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<path>[^)#\s]*)(?:#(?P<heading>[^)\s]+))?\)")


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", title).lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead(page):
    for link in LINK.finditer(page.read_text(encoding="utf-8")):
        target = (page.parent / link["path"]).resolve() if link["path"] else page
        assert target.exists(), f"{page.relative_to(ROOT)}: {link[0]}"
        assert link["heading"] is None or link["heading"] in headings(target), f"{page.relative_to(ROOT)}: {link[0]}"


def test_each_promise_of_the_page_on_security_has_its_test():
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8").split("| input |")[1].split("\n\n")[0]
    for row in page.splitlines()[2:]:
        names = re.findall(r"`([\w/]+\.py)`", row.rsplit("|", 2)[1])
        assert names and all((ROOT / "tests/unit" / name).exists() or (ROOT / name).exists() for name in names), row


def test_the_index_lists_every_page_once():
    listed = re.findall(r"^- \[[^]]+\]\(([\w-]+\.md)\)", (ROOT / "docs/README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted(page.name for page in ROOT.glob("docs/*.md") if page.name != "README.md")


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=ROOT, text=True, capture_output=True)


@pytest.mark.skipif(
    git("rev-parse", "--is-shallow-repository").stdout.strip() != "false", reason="needs the whole history"
)
def test_commits_that_figures_cite_exist():
    paths = [*PAGES, *ROOT.glob("benchmarks/*.json")]
    cited = {
        (commit, path.name)
        for path in paths
        for commit in re.findall(r'commit[s"]*:? [`"]?([0-9a-f]{7,12})\b', path.read_text(encoding="utf-8"))
    }
    assert len(cited) > 20
    missing = [(commit, name) for commit, name in sorted(cited) if git("cat-file", "-e", commit).returncode]
    assert missing == []


def test_figures_that_follow_from_the_code_are_those_of_the_code():
    rows = [name for name, about in COMMITTED.methods.items() if about.in_table]
    (pairs,) = re.findall(r"methods are (\d+) pairs", (ROOT / "docs/metrics.md").read_text(encoding="utf-8"))
    assert int(pairs) == len(rows) * (len(rows) - 1) // 2
    rooms = {path.parent.name for path in (ROOT / "src/microexpr").glob("*/__init__.py")}
    table = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/architecture.md").read_text(encoding="utf-8"), re.M)
    assert rooms <= {*table}
    layers = (
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("Data flows down")[1].split("Nothing imports")[0]
    )
    assert rooms == {*re.findall(r"`(\w+)`", layers)}
    message = re.search(r"error: results: cannot be written (\(.+?\))`", (ROOT / "docs/dvc.md").read_text())[1]
    assert any(message in path.read_text(encoding="utf-8") for path in ROOT.glob("workflow/*.py"))


@pytest.mark.parametrize("paper", ["icegan", "mtmnet", "augacn", "famgan", "localregions"])
def test_every_line_that_a_papers_table_names_is_there(paper):
    text = (ROOT / f"docs/{paper}.md").read_text(encoding="utf-8")
    rows = [line for line in text.partition("## Line by line")[2].splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 15
    for row in (row for row in rows if "| nowhere |" not in row):
        path, part = re.search(r"\| `([\w/]+\.(?:py|yaml))` `([^`|]+)`", row).groups()
        file = ROOT / "src/microexpr" / path if (ROOT / "src/microexpr" / path).exists() else ROOT / path
        lines = file.read_text(encoding="utf-8").splitlines()
        assert sum(part in line for line in lines) == 1, row


def test_make_lists_every_study():
    listed = subprocess.run(["make", "--silent", "studies"], cwd=ROOT, text=True, capture_output=True).stdout
    programs = {path.stem for path in ROOT.glob("studies/*.py") if "__main__" in path.read_text(encoding="utf-8")}
    assert {*re.findall(r"^study-(\w+) ", listed, re.M)} == programs - {"figures"}


@pytest.mark.parametrize("name", recognisers.names())
def test_params_that_a_description_names_exist(name):
    fields = recognisers.find(name).Params.model_fields
    named = {token for field in fields.values() for token in re.findall(r"`(\w+)`", field.description or "")}
    assert named <= {*fields, "cnn_wide"}  # a value of ICE-GAN's discriminator


def test_pictures_of_docs_are_of_one_run():
    digests = {}
    for name in (*PLOTS, "report"):
        with Image.open(ROOT / f"docs/{name}.png") as picture:
            digests[name] = picture.text.get("Source")
    assert len({*digests.values()}) == 1 and "megc2019_table.csv sha256 " in digests["table"], digests


def indented(text: str, start: str, end: str) -> str:
    """A block of code indented by four blanks, from one line to before another."""
    block = text[text.index(f"    {start}") : text.index(end)]
    return "\n".join(line[4:] for line in block.splitlines()).strip() + "\n"


def assert_clean(*files: Path) -> None:
    """To linter and types, as `make test` would ask."""
    for tool in ("ruff check --config", "ruff format --check --config", "mypy --config-file"):
        command = [sys.executable, "-m", *tool.split(), "pyproject.toml", *map(str, files)]
        done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_of_a_method_is_clean_and_keeps_the_contract(tmp_path):
    """Linter, types, and one fold trained: what `make test` would ask of it."""
    text = (ROOT / "docs/adding-a-method.md").read_text(encoding="utf-8")
    file = tmp_path / "perceptron.py"
    file.write_text(indented(text, '"""Two layers', "In `params.yaml`"), encoding="utf-8")
    assert_clean(file)
    check = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import numpy as np, torch, perceptron\n"
        "from microexpr.models.base import ClipTensors\n"
        "from microexpr.training import engine\n"
        "kind = perceptron.Perceptron\n"
        "label = torch.arange(30) % 3\n"
        "data = ClipTensors({'flow': torch.zeros(30, 3, 28, 28) + label.view(-1, 1, 1, 1)}, {'label': label})\n"
        "fold = engine.FoldIndices('a', np.arange(6, 30), np.arange(6))\n"
        "(done,) = engine.train(kind(kind.Params(epochs=300)), data, [fold], [1], 'sequential', 1)\n"
        "assert done.scores[0, -1].argmax(-1).tolist() == [0, 1, 2, 0, 1, 2]\n"
    )
    subprocess.run([sys.executable, "-c", check], check=True, cwd=ROOT)


def test_the_example_of_a_data_set_is_clean_and_planned_written_and_read(tmp_path):
    """A file of facts, a function and two lines of params.yaml: then a run knows its clips and its protocols."""
    text = (ROOT / "docs/adding-a-data-set.md").read_text(encoding="utf-8")
    package = shutil.copytree(ROOT / "src", tmp_path / "src") / "microexpr"
    facts, names = package / "datasets/layouts/toy.yaml", package / "rendering/layouts/names.py"
    facts.write_text(indented(text, "# Toy: grey", "`datasets/layouts"), encoding="utf-8")
    with names.open("a", encoding="utf-8") as file:
        file.write("\n\n" + indented(text, "def toy", "`rendering/layout.py`"))
    assert_clean(names)
    check = (
        "import sys; from pathlib import Path\n"
        f"sys.path[:0] = [{str(ROOT / 'tests/fixtures')!r}]\n"
        "from small_corpora import write_corpus\n"
        "from microexpr.tasks.run import Run\n"
        "from microexpr import datasets\n"
        "from microexpr.cli import config\n"
        "from reader_fits.population.planned import Population\n"
        "planned = write_corpus(Path('toy'), 'toy')\n"
        "assert datasets.layout('toy').read(Path('toy'), 'generated', None) == ([one.clip for one in planned], [])\n"
        f"values = config.load({str(ROOT / 'params.yaml')!r})\n"
        "values['datasets'].append('toy')\n"
        "values['render']['toy'] = {'subjects': 4, 'clips': 6}\n"
        "run = Run(config.check_cached(values), Population)\n"
        "assert len(run.corpus.clips['toy']) == 24 and len(run.plan.folds('majority', 'loso_toy_3')) == 4\n"
        "assert 'lovo_toy_3' in run.plan.allowed\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src")}
    subprocess.run([sys.executable, "-c", check], check=True, cwd=tmp_path, env=environment)
