"""Logs of spotting: ours are read back, the challenges' forms, wrong rows, and the command that scores them."""

import json
from dataclasses import replace

import pytest
from small_corpora import write_long_corpus

from microexpr import datasets
from microexpr.cli.main import main
from microexpr.core.errors import DataError
from microexpr.evaluation import spotting_log
from microexpr.evaluation.spotting import Spotted

OURS = "vid,onset,offset,type"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """corpus(dataset): the root of a rendered copy, and its videos."""
    root = tmp_path_factory.mktemp("long") / "data/rendered"

    def write(dataset):
        if not (root / dataset).exists():
            write_long_corpus(root / dataset, dataset)
        return root / dataset, datasets.layout(dataset).read_videos(root / dataset, "generated", None)[0]

    return write


def truth(videos) -> dict[str, list[Spotted]]:
    """Everything that is there, with the class of its emotion, if it has one."""
    names = {0: "negative", 1: "positive", 2: "surprise", None: ""}

    def spotted(e):
        emotion = names[e.label] * (e.kind == "micro")
        return Spotted(e.kind, e.onset, (e.onset + e.offset) // 2, e.offset, 1.0, emotion)

    return {video.clip.id: [*map(spotted, video.expressions)] for video in videos}


@pytest.mark.parametrize("dataset", datasets.LONG)
def test_a_written_log_is_read_back(corpus, dataset):
    _, videos = corpus(dataset)
    for form in ("2022", "2025"):
        text = spotting_log.format_log(videos, truth(videos), form)
        assert text.splitlines()[0] == ",".join(spotting_log.COLUMNS[form])
        spotted = spotting_log.read(text, "log.csv", videos)[0]
        for video in videos:
            expected = [s for s in truth(videos)[video.clip.id] if form == "2022" or s.kind == "micro"]
            spans = [(s.kind, s.span, s.emotion * (form == "2025")) for s in expected]
            assert [(s.kind, s.span, s.emotion) for s in spotted[video.clip.id]] == spans


@pytest.fixture
def videos(corpus):
    return corpus("samm_long")[1]


@pytest.mark.parametrize(
    ("text", "expected", "notes"),
    [
        ("\ufeffvid,onset,offset,type\n006_1,3,20,mae", [("macro", 3, "")], []),
        ("subject,video,onset,offset,emotion\n6,006_1,3.0,20,Negative", [("micro", 3, "negative")], []),
        ("Participant,video,onset,offset,emotion\n6,006_1,3.0,20,Negative", [("micro", 3, "negative")], []),
        ("video,onset,offset,emotion\n006_1,3,20,helpless\n006/006_1.mp4,4,9,neutral",  # the name is enough
         [("micro", 3, "helpless"), ("micro", 4, "neutral")], ["emotions that are of no class: 1 of helpless, 1 of "]),
        (",Vid,pred onset,pred_offset,Expression-Type,score\n0,006_1,3,20,Macro-expression,0.5",
         [("macro", 3, "")], ["columns passed over: score;"]),
        ("vid,onset,offset,emotion\n006_1,1,2,Freude\n006_1,5,6,fear",
         [("micro", 1, "freude"), ("micro", 5, "negative")], ["log.csv: emotions that are of no class: 1 of freude"]),
    ],
)  # fmt: skip
def test_names_of_other_years_programs_and_languages_are_understood_or_noted(videos, text, expected, notes):
    intervals, actual = spotting_log.read(f"{text}\n", "log.csv", videos)
    assert [(s.kind, s.onset, s.emotion) for s in intervals["samm_long/006/006_1"]] == expected
    assert all(part in note for part, note in zip(notes, actual, strict=True))


@pytest.mark.parametrize(
    ("header", "text", "message"),
    [
        ("vid,onset", "", r"log\.csv: must have a column offset or pred_offset, not only vid, onset"),
        (OURS, "/data/007/006_1.avi,1,2,me", r"a video must be one of .*, not '/data/007/006_1.avi'.*row 2"),
        (OURS, "006_9,1,2,me", r"a video must be one of 006/006_1, .*, not '006_9' .*\(log.csv, row 2\)"),
        *((OURS, f"006_1,{text},2,me", rf"log.csv, row 2: onset must be a whole number.*, not '{text}'")
          for text in ("one", "nan", "0.6", "2_0", "1.200")),
        (OURS, '006_1,"1,200",2,me', r"row 2: onset must be a whole number without a sign between thousands"),
        (OURS, "006_1,1", r"log.csv, row 2: offset must be a whole number, not ''"),
        (OURS, "006_1,-9,2,me", r"onset must lie in the frames 1\.\.\d+, not -9 \(log.csv, row 2\)"),
        (OURS, "006_1,1,99999,me", r"offset must lie in the frames .*, not 99999 \(log.csv, row 2\)"),
        (OURS, "006_1,1,2,me\n006_1,1.0,2,micro", r"once, not twice: 1 to 2 \(log.csv, row 3; row 2\)"),
        (OURS, ",1,2,me", r"a video must have a name, not an empty cell \(log.csv, row 2\)"),
        ("vid,onset,pred_onset,offset", "006_1,1,2,3", "'1' and pred_onset '2' must not differ, both are onset"),
        (OURS, "006_1,1,2,me,x", r"log.csv, row 2: must have 4 cells like the header, not 5"),
        ("", "", r"log.csv: must be a CSV file with a header, not empty"),
        (OURS, "006_1,9,2,me", r"onset must not be after offset, not 9 and 2 \(log.csv, row 2\)"),
        ("vid,onset,offset,emotion", "006_1,1,2,negativ", r"emotion must be one of .*, not 'negativ' \(did you mean"),
        ("subject,video,onset,offset", "99,006_1,3,20", r"a subject must be one of 006, .*, not '99' \(log.csv, row 2"),
        ("vid,onset,offset,label", "006_1,1,2,macro", r"must be no type, as 'macro' is: call the column type"),
        (OURS, "006_1,1,2,me\n006_1,5,6,", r"type must be one of .*, not '' \(log.csv, row 3\)"),
        (OURS, "006_1,1,2,meso", r"type must be one of me, mae, micro, macro, not 'meso' \(log.csv, row 2\)"),
    ],
)  # fmt: skip
def test_wrong_columns_and_rows_are_named(videos, header, text, message):
    with pytest.raises(DataError, match=message):
        spotting_log.read(f"{header}\n{text}\n", "log.csv", videos)


def test_the_command_scores_a_log(corpus, tmp_path, capsys):
    root, videos = corpus("samm_long")
    log, text = tmp_path / "mine.csv", spotting_log.format_log(videos, truth(videos), "2022")
    as_excel_writes_it = text.replace(",", ";").replace("\n", "\r\n").encode("utf-16")
    for data in (text.encode(), as_excel_writes_it):
        log.write_bytes(data)
        assert main(["score", str(log), "--videos", str(root), "--json"]) == 0
        assert [row["f1"] for row in json.loads(capsys.readouterr().out)] == [1, 1, 1]
    assert main(["score", str(log), "--videos", str(root)]) == 0
    assert "micro" in capsys.readouterr().out
    assert main(["score", str(log), "--videos", str(tmp_path)]) == 1
    assert "must be a folder of long videos named casme3_long, " in capsys.readouterr().err


def test_a_video_is_that_of_its_subject_however_both_are_spelt(corpus):
    """All videos of CAS(ME)^3 may have the same name."""
    _, videos = corpus("casme3_long")
    first, second = (replace(v, clip=replace(v.clip, name="a")) for v in (videos[0], videos[-1]))
    name, span = second.clip.subject, f"a,{second.clip.first},{second.clip.first + 9}"
    assert first.clip.subject != name
    for subject in (name, name.upper(), name.removeprefix("spNO.")):
        text = f"Subject,Video,Onset,Offset,Emotion,Type\n{subject},{span},Happiness,MaE\n"
        (spotted,) = spotting_log.read(text, "log.csv", [first, second])[0][second.clip.id]
        assert (spotted.kind, spotted.emotion) == ("macro", "positive")
    for subject, message in (
        ("", "must be one, but 'a' could be .*, spNO.*: give"),
        ("spNO.99", "must be one of .*, not"),
    ):
        with pytest.raises(DataError, match=rf"{message} .* \(log.csv, row 2\)"):
            spotting_log.read(f"subject,video,onset,offset\n{subject},{span}\n", "log.csv", [first, second])
