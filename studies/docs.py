"""Does every command of README.md and docs/ run? In the order of the text, on the corpus of params.yaml.

Trainings are cut to an epoch and two folds: that a command works is judged here, and no figure. What is not run is
named with its reason, and `make -n` or --help still shows that it is there.
"""

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import checkout
import cv2
import pages
import yaml
from checkout import environment, folder, scratch

from facs_faces.face import Face
from microexpr.core import store

PROGRAMS = ("make", "snakemake", "microexpr", "dvc", "python", "pytest")
BLOCK = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.M)  # indented by four
NAMED = re.compile(r"microexpr (?!methods|table)\w+$")  # a subcommand, and not how it is called
INLINE = re.compile(rf"`((?:{'|'.join(PROGRAMS)}) [^`]+)`")
# Stand-ins for a user's own names: never a file that the project has.
STAND_INS = {"LOG": "results/evaluate/megc2019/ststnet.log", "/srv/dvc/microexpr": "../remote"}
NOT_RUN = {
    r"make test$": "CI runs it",
    r"make (study-|shipped|pyfeat|facemesh|test-pyfeat)": "minutes to hours: shown to be there",
    r"make (lock|check-lock)": "needs PyPI",
    r"pytest ": "part of `make test`",
    r"make table METHODS=perceptron": "part of `make test`, as the example that it belongs to",
    r".*(\btoy\b|loso_toy)": "part of `make test`, as the example that it belongs to",
    r".*(VIDEO|FILE|DIR|<noun>|LOG`)": "says what may stand there",
    r"git clone": "this folder is one",
    r"(sudo|frames=|for |done|envs/|number=)": "another machine's",
    r"dvc (pull|push|checkout)|.* && dvc push": "part of `make test`, with a remote",
    r"snakemake .*slurm": "`make study-slurm` runs it",
    r"dvc (remote modify|config) |dvc remote add -d lab (s3|ssh):": "a lab's own",
    r"python workflow/stage.py (adopt|record|restore)": "part of `make test`, with a remote",
    r"python studies/": "minutes to hours: --help is run",
    NAMED.pattern: "a name: --help is run",
    r"snakemake --unlock": "part of `make test`, after a kill",
}
SAYS_NO = "microexpr check data/raw/casme2"  # as it must of a copy with so few clips: exit code 1
DRY = re.compile(r"make (study-|[\w-]+-model|pyfeat|facemesh|test-pyfeat|docs|figures|notebooks|lock|check-lock)")
PRELUDES = {
    "docs/architecture.md": "import torch\nflow = torch.zeros(1, 3, 28, 28)\n",
    "docs/inputs.md": (
        "import h5py\nfrom microexpr.core.arrays import luma\n"
        "file = h5py.File('results/faces/casme2/sub01.h5')['EP08_05f']\n"
        "crop = file['crop'][()]\ngrey, onset = luma(crop), 3\n"
    ),
    "docs/signals.md": "",
}


def main() -> int:
    parser = pages.parser(__doc__, keep=None)
    parser.add_argument("--only", default="", metavar="PATTERN", help="commands like this (regular expression)")
    arguments = parser.parse_args()
    every = list(commands())
    unused = [pattern for pattern in NOT_RUN if not any(re.match(pattern, command) for _, command in every)]
    failed, table = 0, pages.Table("command", "in", "seconds", "")
    with folder(arguments.keep, "docs") as root:
        prepare(root)
        for page, command in every:
            if re.search(arguments.only, command):
                reason = next((why for pattern, why in NOT_RUN.items() if re.match(pattern, command)), "")
                seconds, code = (0.0, 0) if reason and not is_shown(command) else run(root, page, command)
                code -= command == SAYS_NO
                failed += code != 0
                result = f"exit code {code}" if code else f"not run: {reason}" if reason else "done"
                table.add(f"`{command.partition(chr(10))[0]}`", page, f"{seconds:.0f}", result)
    for pattern in unused:
        print(f"no command is like {pattern}: take it out of NOT_RUN")
    print(f"{len(every)} commands, {failed} failed")
    return 1 if failed or unused else 0


def commands() -> Iterator[tuple[str, str]]:
    """Yield page and command, each once, as the text has them; a block of Python is one command."""
    seen = set()
    for path in [scratch.ROOT / "README.md", *sorted((scratch.ROOT / "docs").glob("*.md"))]:
        page, text = str(path.relative_to(scratch.ROOT)), path.read_text(encoding="utf-8")
        places = [(match.start(), commands_of(match[0], page)) for match in BLOCK.finditer(text)]
        places += [(match.start(), [" ".join(match[1].split())]) for match in INLINE.finditer(text)]
        for command in [command for _, part in sorted(places) for command in part]:
            if command not in seen:
                seen.add(command)
                yield page, command


def commands_of(block: str, page: str) -> list[str]:
    """Return the commands of an indented block: its lines, or Python as a whole."""
    lines = [line[4:] for line in block.strip("\n").splitlines()]
    if re.match(r"(import|from) ", lines[0]):
        return ["\n".join(lines)] if page in PRELUDES else []  # others are tested as files
    lines = [re.sub(r"\s+#.*", "", line).strip() for line in lines]
    return [line for line in lines if line.split(" ")[0] in (*PROGRAMS, "sudo", "git", "envs/pyfeat/.venv/bin/hf")]


def prepare(root: Path) -> None:
    """Make a repository with short trainings, an environment and a picture of a face; next to it another one with data
    of its own, as licences would give: a corpus as CASME II lays it out, and pictures of flow."""
    second_root, values = root.parent / "own", shortened(checkout.params())
    for checkout_root in (root, second_root):
        if checkout_root.exists():
            continue
        scratch.copy(checkout_root)
        (checkout_root / ".venv").symlink_to(Path(sys.executable).parents[1])
        (checkout_root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        for line in ("init -q", "add -A", "-c user.name=a -c user.email=a commit -qm start"):
            subprocess.run(["git", *line.split()], cwd=checkout_root, check=True)
        cv2.imwrite(str(checkout_root / "me.jpg"), Face(7).render({"AU12L": 0.0}, size=(480, 480)).image[..., ::-1])
    if not (second_root / "data/raw/casme2").exists():
        from flow_pictures import composite, write_list

        checkout.compute(second_root, values, 2, "all_render")
        (second_root / "data/rendered/casme2").rename(second_root / "data/raw/casme2")
        write_list(second_root / "data/raw/flow_folders", composite())


def shortened(values: Any) -> Any:
    """Return the same with one epoch wherever there are some, two folds, and few draws."""
    if not isinstance(values, dict):
        return values
    short = {key: {"folds": 2, "resamples": 50}.get(key, shortened(value)) for key, value in values.items()}
    return short | {key: 1 for key, value in values.items() if re.search(r"(^|_)epochs$", key) and value}


def is_shown(command: str) -> bool:
    """Return whether it is not run but shown to be there."""
    return bool(DRY.match(command) or NAMED.match(command)) or command.startswith("python studies/")


def run(root: Path, page: str, command: str) -> tuple[float, int]:
    """Return seconds and exit code; what it printed is shown where it failed."""
    checkout_root = root.parent / "own" if "data/raw/" in command or "flow_folders" in command else root
    started = time.monotonic()
    if "\n" in command:
        words = [sys.executable, "-c", PRELUDES[page] + command]
    else:
        words = shlex.split(" ".join(STAND_INS.get(word, word) for word in command.split(" ")))
        if study := re.match(r"make study-(\w+)", command):
            words = ["python", f"studies/{study[1]}.py", "--help"]
        elif DRY.match(command):
            words.insert(1, "-n")
        elif words[0] == "make":
            words[1:1] = ["-o", ".venv/.installed"]
        elif is_shown(command):
            words = [*words[:2], "--help"]
    before = (checkout_root / "params.yaml").read_text(encoding="utf-8")
    done = subprocess.run(words, cwd=checkout_root, env=environment(checkout_root), text=True, capture_output=True)
    store.write_text(checkout_root / "params.yaml", before)
    if done.returncode:
        print("\n".join((done.stdout + done.stderr).splitlines()[-15:]), flush=True)
    return time.monotonic() - started, done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
