"""The command line: arguments, and printed lines."""

import csv
import errno
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from composites import STSTNET
from paper_runs import rows
from PIL import Image
from scratch import ROOT

from microexpr import __version__, evaluation
from microexpr.cli import config
from microexpr.cli.main import main
from microexpr.core import records, store
from microexpr.evaluation import pairs
from microexpr.evaluation.duplicate_subjects import PAIR
from microexpr.reporting import main_table


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working folder, and a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def log(tmp_path):
    lines = []
    for dataset, matrix in STSTNET.items():
        cells = [(t, p) for t in range(3) for p in range(3) for _ in range(matrix[t][p])]
        lines += [f"{dataset} s01", *(f"c{number} {t} {p}" for number, (t, p) in enumerate(cells))]
    path = tmp_path / "log.txt"
    path.write_text("\r\n".join(lines))
    return path


def test_score_gives_the_published_figures(log, capsys):
    assert main(["score", str(log)]) == 0
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    assert ["full", "442", "0.7353", "0.7186", "0.7692"] in lines
    assert ["samm", "133", "0.6588", "0.6415", "0.7744"] in lines
    log.write_text(log.read_text().rsplit("\n", 3)[0])
    assert main(["score", str(log)]) == 0
    note = capsys.readouterr().out.splitlines()[-1]
    assert note.startswith("note: 439 clips, not MEGC2019's 442: ") and "samm 130 of 133 (3 missing)" in note


def test_version_and_help_have_the_names_that_are_tried_first_and_the_package_is_the_command(capsys):
    assert main(["-V"]) == 0
    assert capsys.readouterr().out == f"microexpr {__version__}\n"
    done = subprocess.run([sys.executable, "-m", "microexpr", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"microexpr {__version__}\n"
    for arguments in (["help"], ["help", "predict"]):
        assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "predict" in printed and "--truth PATH" in printed


def test_the_code_of_another_checkout_is_named_in_a_note(tmp_path):
    command = [sys.executable, "-m", "microexpr", "--version"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    for source, notes in ((tmp_path / "copy/src/microexpr", 1), (tmp_path / "link/src/microexpr", 0)):
        source.parent.mkdir(parents=True)
        source.mkdir() if notes else source.symlink_to(ROOT / "src/microexpr")
        done = subprocess.run(command, cwd=source.parents[1], env=environment, capture_output=True, text=True)
        assert done.stdout == f"microexpr {__version__}\n"
        assert done.stderr.startswith(f"note: the code of {ROOT / 'src/microexpr'} runs, not src/microexpr") == bool(
            notes
        )
        assert done.stderr.count("\n") == notes


LONG = "a" * 300
PIPE = "error: pipe: must be a file, not a named pipe\n"


def test_names_cannot_command_the_terminal(tmp_path, capsys):
    root = tmp_path / "\x1b[2J\udcff\n"
    assert main(["check", str(root)]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path}/\\x1b[2J\\udcff\\n: is not a folder\n"
    (root / "data/raw/smic/HS/s01").mkdir(parents=True)
    (root / "data/raw/smic/HS/\x1b[31ms01").mkdir()
    assert main(["check", str(root / "data/raw/smic")]) == 1
    for name in ("\x1b[31m[red].csv", "other.csv"):
        (tmp_path / name).write_text("kind,onset,offset\nmicro,1,3\n")
    assert main(["agreement", str(tmp_path / "\x1b[31m[red].csv"), str(tmp_path / "other.csv"), "--fps", "30"]) == 0
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err and "[red] (first)" in printed.out


def test_table_shows_what_was_evaluated(capsys):
    for method in ("ststnet", "icegan"):
        evaluation.write(f"results/evaluate/megc2019/{method}.csv", rows(method))
    assert main(["table", "--methods", "icegan"]) == 0
    assert "ststnet" not in (printed := capsys.readouterr().out)
    assert "0.845" in printed and "generated" in printed and "| icegan" not in printed
    assert main(["table", "--methods", "icegan", "--markdown", "--notes"]) == 0
    assert "| icegan" in (printed := capsys.readouterr().out) and "0.8450" in printed
    table = main_table.megc2019([rows("ststnet")])
    store.write_csv("results/megc2019_table.csv", main_table.COLUMNS, table)
    assert main(["table"]) == 0
    assert "ststnet" in (printed := capsys.readouterr().out) and "icegan" not in printed


def test_what_stands_below_a_table_is_of_its_results_folder(capsys):
    """Not of the folder that the command runs in, which has a run of its own."""
    pair = dict(dataset_a="smic", subject_a="s1", dataset_b="samm", subject_b="9", distance="0.1", origin="generated")
    for home, distance in (("results", "0.1"), ("other/results", "0.2")):
        store.write_csv(f"{home}/megc2019_table.csv", main_table.COLUMNS, main_table.megc2019([rows("ststnet")]))
        store.write_csv(f"{home}/duplicate_subjects/duplicates.csv", PAIR, [pair | {"distance": distance}])
    assert main(["table", "other/results/megc2019_table.csv"]) == 0
    printed = capsys.readouterr().out
    assert "at distance 0.2; see other/results/duplicate_subjects/duplicates.csv" in printed
    assert "distance 0.1" not in printed
    assert "Clips of smic, casme2, samm, generated; nothing here says with which params" in printed


def test_params_that_a_table_is_not_of_are_named_below_it(monkeypatch, capsys):
    """In every form, on the standard error where the standard output is for a program."""
    path, text = Path("results/megc2019_table.csv"), (ROOT / "params.yaml").read_text(encoding="utf-8")
    store.write_csv(path, main_table.COLUMNS, main_table.megc2019([rows("ststnet")]))
    Path("params.yaml").write_text(text)
    records.take(path, config.load("params.yaml"))
    line = "Clips of smic, casme2, samm, generated"
    assert main(["table"]) == 0
    assert capsys.readouterr().out.endswith(f"{line}; params as in params.yaml\n")
    with monkeypatch.context() as patch:
        patch.chdir("results")
        assert main(["table", "megc2019_table.csv"]) == 0
    assert capsys.readouterr().out.endswith(f"{line}; params as in ../params.yaml\n")

    def says(expected):
        assert main(["table"]) == 0 and expected in capsys.readouterr().out
        for command in (["table", "--csv"], ["table", "--json"], ["plot", "table", "table.svg", "--force"]):
            assert main(command) == 0
            assert expected in (printed := capsys.readouterr()).err and expected not in printed.out

    Path("params.yaml").write_text(text.replace("ststnet: {epochs: 10, batch: 16,", "ststnet: {epochs: 12, batch: 16,"))
    says("note: params.yaml now has methods.ststnet.epochs 12, not 10: ")
    Path("params.yaml").write_text(text.replace("seed: 1 ", "seed: yes "))
    says(f"{line}; not compared with params.yaml: params.yaml, line 4: must be true or ")
    Path("params.yaml").unlink()
    says(f"{line}; not compared with params.yaml: params.yaml: cannot be read")
    path.write_text(path.read_text().replace("0.1", "0.9", 1))
    says(f"{line}; {path} is not as it was made, so nothing here says with which params")


def test_paired_tests_of_other_rows_are_left_out_with_a_word(capsys):
    table = main_table.megc2019([rows("ststnet"), rows("icegan")])
    pair = dict(first="ststnet", second="icegan", metric="uf1", difference=0, low=-0.1, high=0.1, p=1, p_holm=1)
    pair |= dict(clips=100, subjects=12, origin="generated", selection="last", seeds=3)
    store.write_csv("results/megc2019_table.csv", main_table.COLUMNS, table)
    evaluation.write("results/megc2019_paired.csv", [pair], pairs.COLUMNS)
    assert main(["table"]) == 0 and "Not distinguishable from it: icegan" in capsys.readouterr().out
    evaluation.write("results/megc2019_paired.csv", [pair | {"difference": 0.2}], pairs.COLUMNS)
    assert main(["table"]) == 0
    printed = capsys.readouterr().out
    assert "note: results/megc2019_paired.csv: is not of this table, so nothing is tested: uf1 of ststnet" in printed
    assert "istinguishable" not in printed
    assert main(["table", "--reference", "icegan"]) == 1


def test_a_papers_table_is_printed_as_markdown(capsys):
    store.write_csv("results/papers/icegan/table9.csv", ["a"], [{"a": "1"}])
    store.write_text(Path("results/papers/icegan/table9.md"), "| a |\n")
    for form, expected in (("--markdown", "| a |\n"), ("--csv", "a\n1\n")):
        assert main(["table", "results/papers/icegan/table9.csv", form]) == 0
        assert capsys.readouterr().out == expected


def test_inspect_shows_axes_units_and_the_chain(tmp_path, capsys):
    path = tmp_path / "1of1.h5"
    with store.create(path, "train", {"epochs": 2}, origin="generated") as file:
        group = file.group("casme2/sub01")
        group.put("truth", [0, 1])
        group.put("fitted_on", ["generated/casme2/sub02/a", "generated/casme2/sub02/b", "generated/ckplus/S005/*"])
    assert main(["inspect", str(path)]) == 0
    tree = capsys.readouterr().out
    assert "truth int64 2 (clip) in class index: of the file's attribute `classes`, from 0" in tree
    assert 'params = {"epochs": 2}' in tree
    row = next(row for row in printed_rows(["inspect", str(path)], capsys) if row["dataset"].endswith("/truth"))
    assert (row["dtype"], row["shape"]) == ("int64", "2") and row["bytes"] > 0
    assert main(["inspect", "--chain", str(path)]) == 0
    chain = capsys.readouterr().out
    assert "casme2/sub01 was fitted on 3 entries" in chain
    assert "generated/casme2 1 subjects, clips of each: sub02 2" in chain
    assert "generated/ckplus 1 subjects, clips of each: S005 all" in chain


def test_check_counts_problems(monkeypatch, capsys):
    from microexpr.datasets import check

    monkeypatch.setattr(check, "check", lambda _: check.CheckReport(["9 clips"], ["6 passed over"], ["1 frame short"]))
    assert main(["check", "raw"]) == 1
    assert capsys.readouterr().out == "9 clips\nnote: 6 passed over\n1 frame short\nraw: 1 problem\n"
    kinds = [row["kind"] for row in printed_rows(["check", "raw"], capsys)]
    assert kinds == ["count", "note", "problem"]
    monkeypatch.setattr(check, "check", lambda _: check.CheckReport([], [], []))
    assert main(["check", "raw"]) == 0 and capsys.readouterr().out == "raw: as published\n"
    assert printed_rows(["check", "raw"], capsys) == []
    assert main(["check", "raw", "--csv"]) == 0 and capsys.readouterr().out == "kind,text\n"


@pytest.mark.parametrize("option", ["fps", "seconds", "micro", "macro", "blinks"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e400"])
def test_no_film_has_a_number_that_is_none(option, value, tmp_path, capsys):
    assert main(["film", "a.avi", f"--{option}={value}"]) in (1, 2)
    assert f"--{option}: " in capsys.readouterr().err and not list(tmp_path.iterdir())


def printing(**streams):
    """Return exit code and errors of a command that prints a line."""
    code = (
        "import sys; from microexpr.cli import main, results\n"
        "def check(directory, /): print('a line')\n"
        "results.check = check\n"
        "sys.exit(main.main(['check', '.']))"
    )
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, **streams)
    return done.returncode, done.stderr


def test_output_that_nobody_takes_is_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    assert printing(stdout=writer) == (1, "")
    os.close(writer)
    with Path("/dev/full").open("w") as full:
        assert printing(stdout=full) == (1, f"error: standard output: {store.FULL[errno.ENOSPC]}\n")
    assert printing(preexec_fn=lambda: os.closerange(0, 2)) == (0, "")


def test_an_interrupted_command_says_so_in_a_line(monkeypatch, capsys):
    def check(directory, /):
        raise KeyboardInterrupt

    monkeypatch.setattr("microexpr.cli.results.check", check)
    assert main(["check", "."]) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_an_interruption_while_modules_are_imported_is_one_line(tmp_path):
    (tmp_path / "cyclopts.py").write_text("raise KeyboardInterrupt")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (tmp_path, ROOT / "src")))}
    done = subprocess.run([sys.executable, "-m", "microexpr"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "error: interrupted\n")


def test_neither_help_nor_a_refusal_loads_anything_heavy(tmp_path):
    for name in ("in.avi", "annotated.avi"):
        (tmp_path / name).write_text("mine")
    code = (
        "import sys; from microexpr.cli.main import main\n"
        "print(main(['predict', 'in.avi', '--out', '.']), main(['--help']))\n"
        "print(sorted({'torch', 'numpy', 'h5py', 'pandas', 'cv2'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run.stdout.endswith("1 0\n[]\n") and "annotated.avi: must not be written" in run.stderr
    assert all(f"│ {name} " in run.stdout for name in ("inspect", "score", "check", "methods", "table"))


def printed_rows(arguments, capsys):
    """Return the rows that a command prints, which must be the same as JSON and as CSV."""
    code = main([*arguments, "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert main([*arguments, "--csv"]) == code
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [[*line] for line in lines] == [[*row] for row in rows]
    for row, line in zip(rows, lines, strict=True):
        for name, value in row.items():  # a number is the same one, with fewer zeros at its end; null is empty
            expected = "" if value is None else str(value)
            assert line[name] == expected or float(line[name]) == value
    return rows


def test_rows_are_the_same_as_json_and_as_csv(log, tmp_path, capsys):
    scores = printed_rows(["score", str(log)], capsys)
    assert [row["dataset"] for row in scores] == ["full", "casme2", "samm", "smic"]
    assert round(scores[0]["uf1"], 4) == 0.7353 and scores[0]["clips"] == 442
    evaluation.write("results/evaluate/megc2019/icegan.csv", rows("icegan"))
    (row,) = printed_rows(["table", "--methods", "icegan"], capsys)
    assert row["method"] == "icegan" and tuple(row) == main_table.COLUMNS
    (tmp_path / "results/papers/icegan").mkdir(parents=True)
    (tmp_path / "results/papers/icegan/table1.csv").write_text("row,column\nours,UF1\n")
    assert printed_rows(["table", "results/papers/icegan/table1.csv"], capsys) == [{"row": "ours", "column": "UF1"}]


def test_a_table_without_rows_has_its_header(tmp_path, capsys):
    with store.create(tmp_path / "a.h5", "apex", {}):
        pass
    assert main(["inspect", str(tmp_path / "a.h5"), "--csv"]) == 0
    assert capsys.readouterr().out.startswith("dataset,dtype,shape,")


def test_methods_are_counted_once(tmp_path, monkeypatch, capsys):
    """By params.yaml and their paper; without params.yaml by their paper alone."""
    from microexpr.reporting import method_sizes

    (unknown,) = (row for row in printed_rows(["methods"], capsys) if row["method"] == "off_apexnet")
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text.replace("off_apexnet: {hidden: 128,", "off_apexnet: {hidden: 64,"))
    rows = printed_rows(["methods"], capsys)
    monkeypatch.setattr(method_sizes, "rows", None)
    assert printed_rows(["methods"], capsys) == rows
    (counted,) = (row for row in rows if row["method"] == "off_apexnet")
    assert counted["parameters_in_paper"] == unknown["parameters_in_paper"]
    assert unknown["parameters"] is None and counted["parameters"] < counted["parameters_in_paper"]
    (variant,) = (row for row in rows if row["method"] == "mtmnet.no_eid_tri_ckplus")
    assert (variant["in_table"], variant["parameters_in_paper"]) == (False, None)


def test_params_of_methods_variants_and_generators_are_rows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    rows = printed_rows(["methods", "ststnet", "augacn.nodes", "famgan"], capsys)
    assert list(dict.fromkeys(row["method"] for row in rows)) == ["ststnet", "augacn.nodes", "famgan"]
    (epochs,) = [row for row in rows if (row["method"], row["name"]) == ("ststnet", "epochs")]
    assert (epochs["value"], epochs["default"], epochs["allowed"]) == ("10", "500", "integer, ≥ 1, ≤ 2000")
    assert epochs["on_pictures"] == "6" and {row["on_pictures"] for row in rows if row["method"] == "famgan"} == {""}
    monkeypatch.chdir(tmp_path)  # where no params.yaml is
    values = {row["name"]: row["value"] for row in printed_rows(["methods", "ststnet"], capsys)}
    assert values.keys() >= {"epochs", "batch", "lr"} and set(values.values()) == {""}
    assert main(["methods", "ststnet", "ststnet"]) == 0
    assert (printed := capsys.readouterr().out).count("ststnet: ") == 1 and "Liong" in printed


REFUSED = {
    "score none.txt": "none.txt: is not a file\n",
    "inspect none.h5": "none.h5: does not exist\n",
    "table": "results/megc2019_table.csv",
    "table --methods ststnet": "results/evaluate/megc2019/ststnet.csv",
    "table results/papers/icegan/table2.csv": "`snakemake --cores all results/papers/icegan/table2.csv` makes it",
    "table --methods ststnets": "(did you mean 'ststnet'?)",
    "methods ststnets": "error: ststnets must be a method, variant or generator (did you mean 'ststnet'?)\n",
    "score pipe": PIPE,
    "inspect pipe": PIPE,
    "predict pipe --out out": PIPE,
    f"score {LONG}": f"error: {LONG}: File name too long\n",
    f"predict {LONG} --out out": f"error: {LONG}: File name too long\n",
    "table --methods icegan icegan": "--methods must be names of rows, each once, not icegan icegan",
    "table --methods majority": "majority.csv: must have rows of majority, not of icegan; `snakemake",
    "table --methods": "--methods needs names of methods",
    "table --methods icegan/../icegan": "--methods must be names of rows, each once, not icegan/../icegan",
    "table --methods icegan --reference icegan": "table: --reference needs a table with paired tests, ",
    "table --methods icegan --notes --csv": "table: --notes needs the table as text or in --markdown, ",
    "table results/units_table.csv --notes": "table: --notes needs the main table, results/megc2019_table.csv,",
    "table results/papers/icegan/table1.csv --reference a": "table: --reference needs the main table, ",
    "methods ststnet --all": "methods: --all needs the list, without names of methods",
    "methods --all --csv": "methods: --all needs the list as text: --csv and --json have all rows",
    "inspect a.h5 --limit 3": "inspect: --limit needs --values",
    "inspect a.h5 --show-licensed-faces": "inspect: --show-licensed-faces needs --png",
    "inspect a.h5 --force": "inspect: --force needs --png",
    "score log.txt --classes 5 --videos v": "score: --classes needs a log of classes, without --videos or",
    "check . --force": "check: --force needs --template",
    "check --template a.csv --json": "check: --json needs the folder of a data set",
    "score log.txt --classes 5 --questions q": "score: --classes needs a log of classes, without --videos or ",
    "agreement a.csv --coders anna Anna": "--coders must be two names, not 'anna' and 'Anna'",
    "agreement a.csv --coders anna ' '": "--coders must be two names",
    "agreement a.csv --coders C1 C01": "--coders must be two names, not 'C1' and 'C01'",
    "agreement a.csv --coders 1 1.0": "--coders must be two names",
    "agreement a.csv a.csv": "agreement needs two files or folders, not a.csv twice",
    "predict --out o take.avi --seconds 5": "--seconds is the length of a recording and needs --camera",
    "predict --out o take.avi ./take.avi": "take.avi: must be named once, not twice (as take.avi before)",
    "predict --onset a.png --apex b.png --seconds 5": "nothing is written, so no --out, --fps, --truth, --seconds or",
    "predict --onset a.png --apex b.png --force": "nothing is written, so no --out, --fps, --truth, --seconds or",
    "predict --out o --camera 0 --fps 0": "--truth and --fps are for a video, not for --camera",
    "predict --out o --camera -1": "--camera. Must be >= 0",
    "measure --out o take.avi take.avi": "take.avi: must be named once, not twice",
    "measure --out o photo.png --fps 30": "--fps must be of videos or folders of frames, and photo.png is a picture",
    "reenact --face photo.png --out o --fps 30": "--fps must be of a driving video or folder of frames; surprise is a",
    "reenact --face photo.png --out o --emotion fear --fps 30": "fear:1 is a display of an emotion",
    "reenact --face photo.png --out o --strength nan": '--strength: unable to convert "nan" into float',
    "reenact --face photo.png --out o --strength 11": "--strength. Must be <= 10",
    "answer take.avi --question Which? --force": "--force needs --picture; without it --question writes nothing",
    "answer q.jsonl --out o --guess --confidence": "--guess has no probabilities; --confidence is for --videos",
    "answer q.jsonl --out o --guess --fps 0": "--method and --fps are for --videos",
    "agreement a.csv b.csv --force": "--force needs --out, without which nothing is written",
    "agreement a.csv b.csv --fps nan": '--fps: unable to convert "nan" into float',
    "agreement a.csv b.csv --fps -30": "--fps. Must be > 0",
    "agreement a.csv --coders anna ben --coders anna carl": "--coders specified multiple times",
    "score log.txt --json --json": "--json specified multiple times",
    "predict --out o --camera 0.6": '--camera: unable to convert "0.6" into int',
    "score log.txt --classes 3.5": '--classes: unable to convert "3.5" into int',
    "score log.txt --classes 0x4": '--classes: unable to convert "0x4" into int',
    "film a.avi --fps 29.97 --micro 1.4": '--fps: unable to convert "29.97" into int',
    "film a.avi --seconds 1_0": '--seconds: unable to convert "1_0" into float',
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_read_and_an_option_without_an_effect_or_a_meaning_is_refused_in_a_line(line, capsys):
    for name in ("icegan", "majority"):
        evaluation.write(f"results/evaluate/megc2019/{name}.csv", rows("icegan"))
    os.mkfifo("pipe")
    Path("a.csv").write_text("kind,onset,offset,coder\n")
    Path("take.avi").write_bytes(b"RIFF")
    Image.new("RGB", (32, 32)).save("photo.png")
    code = main(shlex.split(line))
    out, error = capsys.readouterr()
    assert code == 1 + ("--help` shows the arguments" in error)
    assert out == "" and error.startswith("error: ") and error.count("\n") == 1 and REFUSED[line] in error
