"""What docs/ tell people to type, typed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def indented(text: str, start: str, end: str) -> str:
    """A block of code indented by four blanks, from one line to before another."""
    block = text[text.index(f"    {start}") : text.index(f"    {end}")]
    return "\n".join(line[4:] for line in block.splitlines()) + "\n"


def test_the_example_of_a_method_is_clean_and_keeps_the_contract(tmp_path):
    """Linter, types, and one fold trained: what `make test` would ask of it."""
    text = (ROOT / "docs/adding-a-method.md").read_text(encoding="utf-8")
    file = tmp_path / "perceptron.py"
    file.write_text(indented(text, '"""Two layers', "# params.yaml").strip() + "\n", encoding="utf-8")
    for tool in ("ruff check --config", "ruff format --check --config", "mypy --config-file"):
        command = [sys.executable, "-m", *tool.split(), "pyproject.toml", file]
        done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
    check = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import numpy as np, torch, perceptron\n"
        "from microexpr.method import Clips\n"
        "from microexpr.training import engine\n"
        "kind = perceptron.Perceptron\n"
        "label = torch.arange(30) % 3\n"
        "data = Clips({'flow': torch.zeros(30, 3, 28, 28) + label.view(-1, 1, 1, 1)}, {'label': label})\n"
        "fold = engine.Fold('a', np.arange(6, 30), np.arange(6))\n"
        "(done,) = engine.train(kind(kind.Params(epochs=300)), data, [fold], [1], 'sequential', 1)\n"
        "assert done.scores[0, -1].argmax(-1).tolist() == [0, 1, 2, 0, 1, 2]\n"
    )
    subprocess.run([sys.executable, "-c", check], check=True, cwd=ROOT)
