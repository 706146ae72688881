"""The register of stages: a stage added by the list of docs/adding-a-stage.md runs."""

ENTRY = """    "clip_counts": Stage(
        rules=("clip_counts",),
        outputs=lambda run: [f"results/clip_counts/{name}.csv" for name in run.corpus.origin],
    ),
}
GROUPS"""
PLACES = {
    "src/microexpr/datasets/clip_counts.py": '''"""Number of clips of a data set."""


def count(rows: list) -> str:
    return f"clips\\n{len(rows)}\\n"
''',
    "workflow/scripts/clip_counts.py": '''"""Number of clips of a data set, as CSV."""

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.datasets import clip_counts

    store.write_text(snakemake.output[0], clip_counts.count(snakemake.params.rows))
''',
    "workflow/rules/clip_counts.smk": """rule clip_counts:
    output:
        "results/clip_counts/{dataset}.csv",
    params:
        code=code_of("clip_counts"),
        rows=lambda w: [clip.row() for clip in CORPUS.clips[w.dataset]],
    log:
        "work/logs/clip_counts/{dataset}.log",
    script:
        "../scripts/clip_counts.py"
""",
}


def test_a_stage_without_params_has_four_places(project):
    """Module, script, rule file and entry of the register: no other file is touched."""
    for path, text in PLACES.items():
        (project.root / path).write_text(text, encoding="utf-8")
    project.edit("workflow/stages.py", "}\nGROUPS", ENTRY)
    project.snakemake("--", "all_clip_counts")
    files = sorted((project.root / "results/clip_counts").iterdir())
    assert [file.stem for file in files] == ["casme2", "mmi", "samm", "smic"]
    assert files[-1].read_text(encoding="utf-8") == "clips\n6\n"  # of two subjects, three of each
