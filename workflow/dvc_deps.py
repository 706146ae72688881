"""Writes the source files that each DVC stage depends on into dvc.yaml, by reading imports; `--check` compares."""

import sys
from io import StringIO
from pathlib import Path

from closure import SCRIPTS, closure
from ruamel.yaml import YAML

SEVERAL = {  # nouns with more than one script
    "aus": ["aus", "aus_pyfeat"],
    "generate": ["generate", "annotation"],
    "evaluate": ["evaluate", "evaluate_faces", "table", "train"],
    "papers": [
        *("papers", "papers_icegan_fig4", "papers_icegan_fig5", "papers_mtmnet_fig1", "papers_mtmnet_fig3"),
        *(
            "papers_augacn_fig4",
            "papers_augacn_made",
            "papers_famgan",
            "papers_localregions",
            "pretrain",
            "train",
            "evaluate",
            "evaluate_faces",
        ),
    ],
    "truth": ["truth_person", "truth"],
    "final": ["final", "synth"],
    "flow_folders": ["flow_folders", "train", "evaluate", "table"],
}
MODELS, MAKERS = (
    sorted(path for path in Path("src/microexpr", room).glob("*.py") if path.stem != "__init__" or room == "models")
    for room in ("models", "generators")
)
OURS = ("src/", "workflow/")
# Named as a whole where all that is in them counts: one file more changes no line of dvc.yaml.
FOLDERS = [Path("src/microexpr") / name for name in ("models", "datasets/natives", "generated/natives")]


def sources(noun: str) -> list[str]:
    """Of one stage: its rule file, its scripts, all they import."""
    scripts = [SCRIPTS / f"{name}.py" for name in SEVERAL.get(noun, [noun])]
    own = {
        "generate": closure(Path("src/microexpr/generated/plan.py")),  # what it is to make is planned with the DAG
        "synth": [
            "src/microexpr/generators/${key}.py",
            *(path for path in closure(*MAKERS) if Path(path) not in MAKERS),
        ],
        "train": ["src/microexpr/models/${key}.py", *(path for path in closure(*MODELS) if Path(path) not in MODELS)],
        "evaluate": ["workflow/rules/train.smk", *closure(*MODELS)],  # it trains variants of methods
        "pretrain": closure(*MODELS),
        "papers": [*(f"workflow/rules/{noun}.smk" for noun in ("pretrain", "train", "evaluate")), *closure(*MODELS)],
        "final": ["workflow/rules/train.smk", "workflow/rules/synth.smk", *closure(*MODELS, *MAKERS)],
        "flow_folders": ["workflow/rules/train.smk", "workflow/rules/evaluate.smk", *closure(*MODELS)],
    }
    return folded({f"workflow/rules/{noun}.smk", *closure(*scripts), *own.get(noun, [])})


def folded(files: set[str]) -> list[str]:
    """The same, sorted, with a folder's name in place of all files in it."""
    for folder in FOLDERS:
        inside = {str(path) for path in folder.glob("*.py")}
        if inside <= files:
            files = files - inside | {str(folder)}
    return sorted(files)


def main() -> int:
    yaml, path = YAML(), Path("dvc.yaml")
    yaml.width, yaml.preserve_quotes = 120, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    pipeline = yaml.load(path)
    for noun, stage in pipeline["stages"].items():
        stage = stage.get("do", stage)
        stage["deps"] = [dep for dep in stage["deps"] if not dep.startswith(OURS)] + sources(noun)
    text = StringIO()
    yaml.dump(pipeline, text)
    if "--check" in sys.argv:
        return int(text.getvalue() != path.read_text(encoding="utf-8"))
    path.write_text(text.getvalue(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
