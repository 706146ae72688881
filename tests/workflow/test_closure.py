"""The code of a job: what an import reaches, what is kept of a file, and which rules have to name their modules."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import scratch
import yaml

ROOT = scratch.ROOT
WORKFLOW, WEIGHTS = str(ROOT / "workflow"), "src/microexpr/weights/{}.onnx"
RULES = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))


def call(expression: str, root: Path = ROOT) -> list[str]:
    """Return the words that an expression of workflow/closure.py has in a process of its own."""
    program = f"import sys; sys.path.insert(0, {WORKFLOW!r}); import closure; print(*{expression})"
    done = subprocess.run([sys.executable, "-c", program], cwd=root, text=True, capture_output=True, check=True)
    return done.stdout.split()


def test_follows_imports_all_the_way():
    files = call("closure.closure('flow')")
    assert "workflow/scripts/flow.py" in files and "workflow/scripts/adapter.py" in files
    assert "src/microexpr/signals/flow/__init__.py" in files
    assert "src/microexpr/core/errors.py" in files  # by store
    others = ("microexpr/models/", "rendering", "/faces.py")
    assert not [path for path in files if any(part in path for part in others)]


def test_a_method_depends_on_its_own_file_only():
    files = call("closure.closure('train', 'models.recognisers.ststnet')")
    assert "src/microexpr/models/recognisers/ststnet.py" in files
    assert not [path for path in files if path.startswith("src/microexpr/models/recognisers/icegan")]
    assert "src/microexpr/signals/aus/regressor.py" not in files  # its outputs are inputs, its code is not


def test_a_fit_does_not_depend_on_the_file_that_it_writes():
    landmarks, *others = map(WEIGHTS.format, ("landmarks", "action_units", "action_units.change"))
    assert landmarks not in call("closure.closure('fit_landmarks')")
    files = call("closure.closure('fit_action_units')")
    assert not {*others} & {*files} and landmarks in files


def test_every_data_file_of_the_package_is_code_of_some_job():
    """All but what no job reads: data of the commands predict, reenact and methods."""
    scripts = [path.stem for path in (ROOT / "workflow/scripts").glob("*.py")]
    reached = set(call(f"sorted({{path for name in {scripts} for path in closure.closure(name)}})"))
    listed = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    data = {path for path in listed.split() if not path.endswith((".py", ".typed"))}
    assert len(data) > 8
    assert {"envs/pyfeat/detectors.py", *map(WEIGHTS.format, ("action_units", "action_units.change"))} <= reached
    html = [f"{page}.{ending}" for page in ("prediction", "form") for ending in ("css", "jinja", "js")]
    commands = {
        f"src/microexpr/reporting/html/{name}"
        for name in (*html, "predictions.jinja", "agreement.css", "agreement.jinja")
    }
    commands |= {*map(WEIGHTS.format, ("reenact", "predict"))}
    commands |= {f"src/microexpr/weights/predict_{name}.json" for name in ("rates", "recorded")}
    assert {path for path in data - reached if "/weights/initial/" not in path} <= commands


def test_no_job_reads_another_files_docstrings_nor_imports_relatively():
    """An edited docstring, or an import that the closure does not follow, would rerun nothing."""
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "workflow/scripts").glob("*.py")]
    pattern = re.compile(r"__doc__|\bgetdoc\b|\bgetsource\b|^\s*from \.", re.MULTILINE)
    assert [path for path in files if pattern.search(path.read_text(encoding="utf-8"))] == []


def test_the_modules_that_wildcards_choose_are_code_of_a_job():
    """A script that finds a module by name does not import it, so its rule has `code_of`, which adds these."""
    wildcards = {"method": "mtmnet.change", "task": "units/", "protocol": "loso", "generator": "famgan"}
    expected = ["models.recognisers.mtmnet", "models.generators.famgan", "tasks.units"]
    assert call(f"closure.chosen({wildcards})") == expected and call("closure.chosen({'task': ''})") == []
    scripts = {
        path.stem
        for path in (ROOT / "workflow/scripts").glob("*.py")
        if re.search(r"\b(recognisers|generators|spotters)\.(find|build)\(", path.read_text(encoding="utf-8"))
    }
    assert scripts >= {"train", "synthesise", "spot_find"}
    assert {script for script in scripts if not re.search(rf'code_of\("{script}"[,)]', RULES)} == set()


def test_rules_name_the_parts_of_tasks_that_their_script_looks_for():
    """A script does not import them either; `table` is looked for by the report too."""
    parts = {
        (path.stem, part)
        for path in (ROOT / "workflow/scripts").glob("*.py")
        if path.stem != "task"  # its rules are those of a task itself
        for part in re.findall(r'\.part\("(\w+)"', path.read_text(encoding="utf-8"))
    }
    named = re.findall(r'code\("(\w+)", [^\n]*task_modules\([^)]*"(\w+)"', RULES)
    assert parts == {("table", "table")} and parts <= {*named}
    for task in ("units", "spot", "questions"):
        files = call(f"closure.closure('table', 'tasks.{task}', 'tasks.{task}.table')")
        assert f"src/microexpr/tasks/{task}/table.py" in files


def test_no_script_is_named_by_the_variable_of_a_loop():
    """Snakemake evaluates the line when the job runs, with the last value; `{params.script}` is the job's own."""
    assert not re.findall(r"script:\n *f\"", RULES)


def test_every_job_has_the_digest_of_its_code():
    rules = re.findall(r"^( *)rule ?\w*:.*\n((?:\1 .*\n|\n)+)", RULES, re.MULTILINE)
    with_code = [body for _, body in rules if re.search(r"^ *(script|shell):", body, re.MULTILINE)]
    assert len(with_code) > 35
    assert [body for body in with_code if not re.search(r"\bcode(=|\": code_of)", body)] == []


def test_profiles_leave_code_to_params():
    """Snakemake's trigger `code` is the time of a script."""
    for path in sorted((ROOT / "profiles").glob("*/config.yaml")):
        triggers = yaml.safe_load(path.read_text(encoding="utf-8"))["rerun-triggers"]
        assert sorted(triggers) == ["input", "mtime", "params", "software-env"]


class TestWhatIsKeptOfAFile:
    @pytest.fixture
    def module(self, tmp_path: Path) -> Path:
        for folder in ("src/microexpr", "workflow/scripts", "work"):
            (tmp_path / folder).mkdir(parents=True)
        (tmp_path / "src/microexpr/__init__.py").touch()
        (tmp_path / "workflow/scripts/job.py").write_text("import microexpr.module\n", encoding="utf-8")
        path = tmp_path / "src/microexpr/module.py"
        path.write_text("VALUE = 1\n", encoding="utf-8")
        return path

    def digest(self, module: Path) -> str:
        (digest,) = call("[closure.code('job')]", module.parents[2])
        return digest

    def test_an_edit_of_the_same_size_and_time_counts(self, module):
        first, stat = self.digest(module), module.stat()
        module.write_text("VALUE = 2\n", encoding="utf-8")
        os.utime(module, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert module.stat().st_size == stat.st_size and self.digest(module) != first
        module.write_text("VALUE = 1  # as before\n", encoding="utf-8")
        assert self.digest(module) == first

    def test_a_value_of_a_yaml_file_counts_and_a_comment_does_not(self, module):
        module.write_text('FACTS = "facts.yaml"\n', encoding="utf-8")
        facts = module.with_name("facts.yaml")
        digests = []
        for text in ("clips: 255\n", "# as published\nclips: 255\n", "clips: 247\n"):
            facts.write_text(text, encoding="utf-8")
            digests.append(self.digest(module))
        assert digests[0] == digests[1] != digests[2]

    def test_what_is_damaged_or_of_another_version_is_read_anew(self, module):
        cache, first = module.parents[2] / "work/sources.json", self.digest(module)
        entries = json.loads(cache.read_text(encoding="utf-8"))
        assert str(module.relative_to(module.parents[2])) in entries["sources"]
        wrong = {name: [entry[0], "wrong", [], []] for name, entry in entries["sources"].items()}
        for text in ("[]", "{", '{"version": 1}', json.dumps({"version": "other", "sources": wrong})):
            cache.write_text(text, encoding="utf-8")
            assert self.digest(module) == first
        cache.write_text(json.dumps(entries | {"sources": wrong}), encoding="utf-8")
        assert self.digest(module) != first  # or nothing would be kept


@pytest.mark.parametrize(
    ("path", "text", "jobs"),
    [
        (
            "src/microexpr/rendering/layouts/names.py",
            "\n\ndef toy(person, number, emotion, rng):\n    return None\n",
            {},
        ),
        ("src/microexpr/datasets/layouts/smic.yaml", "\nnote: 1\n", {"smic"}),
    ],
)
def test_what_one_data_set_has_of_its_own_is_code_of_no_other(tmp_path, path, text, jobs):
    scratch.copy(tmp_path)
    names = ("smic", "samm")
    digests = (
        "[closure.code(s, datasets=frozenset([d])) for s in ('render', 'faces', 'index') for d in ('smic', 'samm')]"
    )
    before = call(digests, tmp_path)
    layouts = tmp_path / "src/microexpr/datasets/layouts"
    (layouts / "toy.yaml").write_text((layouts / "smic.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with (tmp_path / path).open("a", encoding="utf-8") as file:
        file.write(text)
    changed = [a != b for a, b in zip(before, call(digests, tmp_path), strict=True)]
    assert {name for name, is_changed in zip(names * 3, changed, strict=True) if is_changed} == set(jobs)
