"""Events of coders in each format: read back as it was meant, and what cannot be meant is named."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from pympi.Elan import Eaf
from pympi.Praat import TextGrid

from microexpr import coding
from microexpr.coding import Coded, elan, praat, tables
from microexpr.core import facs
from microexpr.core.errors import DataError

TIMES = np.arange(100) / 25
MARKS = [
    elan.Mark("micro", 1000, 1320, 1160, 1200, "happiness", "R12+6", "positive 0.91, sure"),
    elan.Mark("macro", 2000, 3000, 2400, 2440, "surprise", "1+2"),
    elan.Mark("blink", 2200, 2400),
]
ORDER = ("ANNOTATION_DOCUMENT", "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LANGUAGE", "CONSTRAINT",
         "CONTROLLED_VOCABULARY")  # fmt: skip


def frames(event: Coded) -> tuple[str, int, int | None, int, str, str]:
    return event.kind, *event.frames(TIMES), event.emotion, event.action_units


EXPECTED = [
    ("micro", 25, 29, 32, "happiness", "R12+6"),
    ("macro", 50, 60, 74, "surprise", "1+2"),
    ("blink", 55, None, 59, "", ""),
]


def test_elan_reads_back_what_was_meant_and_so_does_pympi(tmp_path):
    path = tmp_path / "take.eaf"
    path.write_text(elan.text(MARKS, "take.mp4", "anna"), encoding="utf-8")
    events, notes = coding.read(path)
    assert [frames(event) for event in events] == EXPECTED and not notes
    assert {event.coder for event in events} == {"anna"}
    document = Eaf(str(path))
    assert [value for *_, value in document.get_annotation_data_for_tier("micro")] == ["happiness"]
    assert [row[2] for row in document.get_ref_annotation_data_for_tier("micro remarks")] == ["positive 0.91, sure"]
    assert document.linguistic_types["expression"]["CONTROLLED_VOCABULARY_REF"] in document.controlled_vocabularies
    root = ElementTree.parse(path).getroot()
    tags = [element.tag for element in root]
    assert tags == sorted(tags, key=ORDER.index), "the schema of EAF 3.0 has this order"
    times = [int(slot.get("TIME_VALUE", -1)) for slot in root.iter("TIME_SLOT")]
    assert times == sorted(times) and coding.media(path) is None
    (tmp_path / "take.mp4").touch()
    assert coding.media(path) == tmp_path / "take.mp4"
    (tmp_path / "take.1.avi").touch()
    (tmp_path / "take.avi").touch()
    recordings = {"take.mp4": "take.mp4", "take.1": "take.1.avi", "take.1.mov": "take.1.avi"}
    assert {name: coding.media(path.with_suffix(".csv"), name).name for name in recordings} == recordings
    links = [("../s02/other.mp4", 1), ("file:///C:/my%20films/take.mp4", 1), (f"file:///D:/x/{tmp_path.name}/take", 0)]
    for link, notes_of_it in links:
        path.write_text(elan.text(MARKS, f"{link.removesuffix('.mp4')}.mp4"), encoding="utf-8")
        assert len(coding.check_media(path, tmp_path / "take.mp4")) == notes_of_it
    path.write_text(elan.text(MARKS, (tmp_path / "take.avi").as_uri()), encoding="utf-8")
    with pytest.raises(DataError, match=r"must be linked to .*take.mp4, not to .*take.avi"):
        coding.check_media(path, tmp_path / "take.mp4")
    with pytest.raises(DataError, match=r"must be of one video, but .*take.avi and .*take.mp4 have its name"):
        coding.media(path.with_suffix(".csv"), "take")
    assert elan.text(MARKS, "take.mp4") == elan.text(MARKS, "take.mp4")


def changed(tmp_path, change, marks=MARKS[:1]):
    """Read an .eaf after a change of pympi's document."""
    path = tmp_path / "take.eaf"
    path.write_text(elan.text(marks, "take.mp4"), encoding="utf-8")
    document = Eaf(str(path))
    change(document)
    document.to_file(str(path))
    return coding.read(path)


def test_a_coder_may_move_events_add_tiers_and_name_other_words(tmp_path):
    def change(document):
        document.rename_tier("micro", "Micro-Expression@ben")
        document.add_annotation("blink", 400, 520)
        document.add_tier("thoughts")
        document.add_annotation("thoughts", 0, 40, "hm")
        document.media_descriptors[0]["TIME_ORIGIN"] = "400"

    events, (note,) = changed(tmp_path, change)
    assert [(e.kind, e.onset, e.coder) for e in events] == [("blink", 0.8, ""), ("micro", 1.4, "ben")]
    assert "tiers passed over: thoughts" in note


def test_tiers_below_others_and_units_with_times_count(tmp_path):
    def change(document):
        for tier in (*document.tiers,):
            document.remove_tier(tier)
        document.add_linked_file("scene.mp4", "./scene.mp4", "video/mp4", 0)
        document.media_descriptors[0]["TIME_ORIGIN"] = "200"
        document.add_tier("face", "event")
        document.add_tier("micro", "moment", "face", part="p01")
        document.add_tier("micro AUs", "moment", "micro")
        document.add_tier("micro thoughts", "moment", "micro")
        document.add_annotation("face", 0, 3000)
        document.add_annotation("micro", 400, 720, "Fear")
        for start, code in ((420, "1"), (520, "R2")):
            document.add_annotation("micro AUs", start, start + 80, code)
        document.add_annotation("micro thoughts", 420, 520, "hm")

    (event,), (note,) = changed(tmp_path, change, [])
    assert (event.onset, event.emotion, event.action_units, event.subject) == (0.6, "fear", "1+R2", "p01")
    assert "tiers passed over: face, micro thoughts" in note


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "", ""),
        ("xmin = 1.000000", "xmin = 1.0e+00", ""),
        ("xmin = 0", "xmin = 5.684e-14", ""),
        ("xmin = 0", "xmin = -5.684e-14", ""),
        ("xmax = 1.3", "xmax = 1,3", "times must be numbers from 0, with a point, not 'xmax = 1,3"),
        ("xmin = 1.000000", "xmin = -2", "times must be numbers from 0, with a point, not 'xmin = -2'"),
        ("happiness: R12+6", "R12+6", r"an emotion must be a word, not action units, 'R12\+6' .*1.000 s"),
    ],
)
def test_praat_reads_back_events_with_times_in_each_form_and_tiers_cover_the_video(tmp_path, old, new, message):
    path = tmp_path / "take.TextGrid"
    path.write_text(praat.text(MARKS, 4.0).replace(old, new), encoding="utf-8")
    if message:
        with pytest.raises(DataError, match=message):
            coding.read(path)
        return
    expected = [(kind, onset, None, *rest) for kind, onset, _, *rest in EXPECTED]
    assert [frames(event) for event in coding.read(path)[0]] == expected
    for tier in TextGrid(str(path)).get_tiers() if not new else ():
        intervals = [*tier.get_all_intervals()]
        assert intervals[0][0] == 0 and intervals[-1][1] == 4
        assert all(first[1] == second[0] for first, second in pairwise(intervals))


@pytest.fixture
def read(tmp_path):
    """read(text): the events of a table, and notes."""

    def events_of(text: str, encoding: str = "utf-8"):
        (tmp_path / "events.csv").write_text(text, encoding=encoding)
        return coding.read(tmp_path / "events.csv")

    return events_of


SAME = {
    "frames": "recording,kind,onset,apex,offset,emotion,action_units\ns01/take.mp4,micro,25,29,32,Happiness,R12+6\n",
    "seconds": "kind;onset_seconds;apex_seconds;offset_seconds;emotion;AUs\nmicro;1,0;1,16;1,28;happiness;R12+6\n",
    "both": "kind,onset,apex,offset,onset_seconds,apex_seconds,offset_seconds,emotion,AUs\n"
    "micro,25,29,32,1.0,1.16,1.28,happiness,R12+6\n",
    "boris": "Observation id,Media file name,Subject,Behavior,Modifier #1,Modifier #2,Start (s),Stop (s)\n"
    "1,C:\\videos\\take.mp4,s01,Micro-expression,happiness,R12+6,1.0,1.32\n",
    "datavyu": "file,column,ordinal,onset,offset,apex,emotion,units\ntake,micro,1,1000,1320,1160,happiness,R12+6\n",
}


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_tables_of_all_programs_mean_the_same_frames(name, encoding, read):
    (event,), _ = read(SAME[name], encoding)
    kind, onset, apex, *rest = EXPECTED[0]
    assert frames(event) == (kind, onset, None if name == "boris" else apex, *rest)
    assert event.recording in ("", "s01/take.mp4", "C:/videos/take.mp4", "take")


BORIS = (
    "Observation id,Source,Time offset (s),Media duration (s),FPS (frame/s),Subject,Behavior,Modifier #1,Start (s),"
    "Stop (s),Media file name,Image index start\n"
    "o,player #1:s01/a.mp4;s01/b.mp4,0.0,5.000;8.000,25.000;25.000,s01,micro,happiness,2.0,2.4,s01/a.mp4,50\n"
    "o,player #1:s01/a.mp4;s01/b.mp4,0.0,5.000;8.000,25.000;25.000,s01,micro,surprise,6.0,6.4,s01/b.mp4,25\n"
)


def test_times_of_a_boris_observation_of_several_videos_are_in_their_own(read):
    events = [(e.recording, e.onset, round(e.offset, 6)) for e in read(BORIS)[0]]
    assert events == [("s01/a.mp4", 2.0, 2.4), ("s01/b.mp4", 1.0, 1.4)]
    each_its_own = BORIS.replace("25.000;25.000", "25.000;50.000").replace("b.mp4,25", "b.mp4,50")
    assert [event.onset for event in read(each_its_own)[0]] == [2.0, 1.0]
    assert len(read(BORIS.replace("25.000;25.000", "25..;25.."))[0]) == 2  # a rate that is none compares nothing
    side_by_side = BORIS.replace(";s01/b.mp4", ";player #2:s01/b.mp4").replace("6.0,6.4", "1.0,1.4")
    assert read(side_by_side)[0][1].onset == 1.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("5.000;8.000", "5.000", r"Media duration \(s\) must have 2 lengths, as Source has files \(.*row 2\)"),
        ("s01/b.mp4,25", "s01/c.mp4,25", r"Source must name the file 's01/c.mp4' once, not 0 times \(.*row 3\)"),
        (",0.0,", ",3.5,", r"Time offset \(s\) of the observation must be 0, not 3.5 \(.*row 2\)"),
        ("s01/a.mp4,50", "s01/a.mp4,40", r"Image index start must be 50, as Start \(s\) says, not 40 \(.*row 2\)"),
        ("s01/a.mp4,50", f"s01/a.mp4,{'9' * 5000}", r"Image index start must be 50, as Start \(s\) says, not 9999"),
        ("5.000;8.000", "long;8.000", r"Media duration \(s\) must be a number, not 'long' \(.*row 2\)"),
    ],
)
def test_times_of_boris_that_cannot_be_told_are_refused(read, old, new, message):
    with pytest.raises(DataError, match=message):
        read(BORIS.replace(old, new))


@pytest.mark.parametrize("constraint, times", [("Symbolic_Association", [(2.0, 2.4)]), ("Symbolic_Subdivision", [])])
def test_a_tier_without_times_has_those_above_it_or_is_named(tmp_path, constraint, times):
    document = Eaf()
    document.add_linguistic_type("below", constraint, timealignable=False)
    document.add_tier("segment")
    document.add_tier("micro", "below", "segment")
    document.add_annotation("segment", 2000, 2400, "x")
    document.add_ref_annotation("micro", "segment", 2100, "happiness")
    document.to_file(str(tmp_path / "a.eaf"))
    events, notes = coding.read(tmp_path / "a.eaf")
    assert [(event.onset, event.offset) for event in events] == times
    reason = f"tier micro is passed over: its annotations have no times ({constraint})"
    assert any(reason in note for note in notes) == (not times)


def test_apexes_and_units_of_no_event_or_no_time_are_noted_and_codes_without_one_are_read(tmp_path):
    _, (note,) = changed(tmp_path, lambda document: document.add_annotation("micro apex", 3000, 3040))
    assert "apexes and units below tier micro are in none of its events: 3.000 s; passed over" in note

    def subdivide(document):
        document.remove_tier("micro action units")
        document.add_tier("micro action units", "moment", "micro")
        document.add_annotation("micro action units", 1000, 1160, "6")
        document.add_annotation("micro action units", 1160, 1320, "12")
        slot = document.tiers["micro action units"][0]
        document.timeslots[[*slot.values()][1][0]] = None

    assert changed(tmp_path, subdivide)[0][0].action_units == "6+12"

    def associate(document):
        document.remove_tier("micro apex")
        document.add_tier("micro apex", "words", "micro")
        document.add_ref_annotation("micro apex", "micro", 1100, "x")

    (event,), (note,) = changed(tmp_path, associate)
    assert event.apex is None and "tiers passed over: micro apex" in note


def test_behaviours_and_observations_of_boris_that_are_no_events_are_named(read):
    head = "Observation id,Subject,Behavior,Modifier #1,Start (s),Stop (s),Media file name\n"
    row = "{},s01,{},Fear,1,1.2,a.mp4\n"
    events, notes = read(head + row.format("anna", "micro") + row.format("ben", "MaE") + row.format("ben", "smile"))
    assert [event.kind for event in events] == ["micro", "macro"]
    assert any("behaviours passed over: 1 of smile" in note for note in notes)
    assert any("a.mp4 has events of the observations anna, ben: all count" in note for note in notes)


def test_what_pandas_writes_of_nothing_is_nothing_and_its_whole_numbers_are_whole(read, tmp_path):
    text = "filename,Participant,kind,onset,offset,emotion,aus,coder\na.mp4,nan,micro,1.0,9.0,nan,12.0,1.0\n"
    (event,), notes = read(text)
    assert (event.recording, event.subject, event.emotion, event.onset) == ("a.mp4", "", "", 1) and not notes
    assert facs.joined("12.0, 6.0") == "12+6"
    assert len(coding.of_coder(tmp_path / "events.csv", [event], "1", ["2"])[0]) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.rename_tier("micro", "micro@anna") or d.tiers["micro@anna"][2].update(ANNOTATOR="ben"),
         "annotator of tier micro@anna must be anna, as it is called, not ben"),
        (lambda d: d.media_descriptors[0].update(TIME_ORIGIN="soon"), "TIME_ORIGIN must be a whole number"),
        (lambda d: d.media_descriptors[0].update(MEDIA_URL="a.mp4")
         or d.add_linked_file("b.mp4", None, "video/mp4", 200),
         "TIME_ORIGIN must be one, .* not 0 in a.mp4 and 200 in b.mp4"),
        (lambda d: d.header.update(TIME_UNITS="PAL-frames"), "TIME_UNITS must be milliseconds, not 'PAL-frames'"),
        (lambda d: d.add_tier("micro FACS", "moment", "micro") or d.add_annotation("micro FACS", 1000, 1200, "6"),
         "tier micro must have one tier of action units, not micro action units and micro FACS"),
        (lambda d: d.rename_tier("micro action units", "micro action units@ben"),
         "coder of tier micro action units@ben must be empty, as of micro, not ben"),
        (lambda d: d.add_annotation("micro", 2000, 2200, "R12"), "an emotion must be a word, not action units, 'R12'"),
        (lambda d: d.media_descriptors[0].update(TIME_ORIGIN="9" * 400), "TIME_ORIGIN must be a whole number"),
        (lambda d: d.timeslots.update(ts1=10**400), r"is not a readable .eaf file \(a time of 1000"),
        (lambda d: d.timeslots.pop("ts1"), "an annotation must have a time at both ends"),
    ],
)  # fmt: skip
def test_what_an_eaf_says_twice_or_wrongly_is_refused(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        changed(tmp_path, change)


def test_a_label_of_elan_has_units_after_a_colon_the_video_called_like_the_file_is_its_own_and_no_id_is_lost(tmp_path):
    (event,), _ = changed(tmp_path, lambda d: d.tiers["micro"][0].update(a2=("ts1", "ts4", "Fear: 4", None)))
    assert (event.emotion, event.action_units) == ("fear", "4+R12+6")
    text = (tmp_path / "take.eaf").read_text()
    media = text[text.index("<MEDIA_DESCRIPTOR") : text.index("/>", text.index("<MEDIA_DESCRIPTOR")) + 2]
    (tmp_path / "take.eaf").write_text(text.replace(media, media.replace("take.mp4", "scene.mp4") + media))
    assert [video.name for video in elan.media(tmp_path / "take.eaf")] == ["take.mp4", "scene.mp4"]
    (tmp_path / "a.eaf").write_text(elan.text(MARKS, "take.mp4").replace('_ID="a3"', '_ID="a2"'))
    with pytest.raises(DataError, match="ANNOTATION_ID a2 must be there once"):
        coding.read(tmp_path / "a.eaf")


HEAD = "kind,onset,offset\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind,onset\n", "column 'offset' is missing in row 1"),
        ("kind,onset_seconds,offset\nmicro,1.0,36\n", "column 'offset_seconds' is missing in row 1"),
        ("kind,onset,apex,offset,apex_seconds\nmicro,25,,32,1.16\n", "time of apex, frame none, not 1.16 .*row 2"),
        ("kind,onset,offset,class,emotion\nmicro,1,9,negative,fear\n", "row 2: .* must not differ, both are emotion"),
        (HEAD + "mirco,1,3\n", r"kind must be one of micro, .* not 'mirco' .did you mean 'micro'.*row 2"),
        (HEAD + "micro,4.32,4.6\n", "not '4.32'; times in seconds belong in a column onset_seconds.*row 2"),
        (HEAD + "micro,12-Jan,14\n", "a spreadsheet program has made a date"),
        (HEAD + "micro,,14\n", "onset must not be empty"),
        (HEAD + "micro,9,3\n", "must follow each other, not 9 and 3 .*row 2"),
        (HEAD + "micro,90,130\n", "offset must lie in the recording, frames 0 to 99, not 130 .*row 2"),
        ("kind,onset_seconds,offset_seconds\nmicro,75,76\n", r"onset must lie in the recording, seconds 0 to 3.96"),
        ("kind,onset,offset,units\nmicro,1.200,1400,ms\n", "onset must be a number without a sign .* '1.200' .*row 2"),
        ("kind;onset;offset;units\nmicro;900;3,200;ms\n", "offset must be a number without a sign .* not '3,200'"),
        ("file,column,ordinal,onset,offset\na,micro,1,2.000,2.400\n", "onset must be a number without a sign between"),
        ("kind,onset,offset,fps\nmicro,1,9,0\n", "fps must be more than 0, or empty, not 0 .*row 2"),
        ("kind,onset,offset,fps\nmicro,1,9,30000/1001\n", r"fps must be a number, not '30000/1001' \("),
        ("kind,onset_seconds,offset_seconds,fps\nmicro,1,1.2,60\n", "fps must be 25, the recording's, not 60"),
        ("kind,onset,offset,units\nmicro,1,2,minutes\n", "column units must have frames, s, ms or .* not minutes"),
        ("kind,onset_seconds,offset_seconds,units\nmicro,1,2,ms\n", "units must be s, as onset_seconds says, not ms"),
        ("kind,onset,offset,emotion\nmicro,1,9,6+12\n", r"an emotion must be a word, .* '6\+12' .*row 2"),
        (HEAD + "micro?,1,9\n", r"kind must be one of .* not 'micro\?'.*row 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_named_with_its_row(text, message, read):
    with pytest.raises(DataError, match=message):
        [event.frames(TIMES) for event in read(text)[0]]


WRITTEN = "kind,onset,offset,class,certainty,reasons,surprise,action_units\n"  # some columns of `predict`


@pytest.mark.parametrize(
    ("text", "expected", "note"),
    [
        (WRITTEN + "micro,1,9,fear,low,,0.1,AU12L:0.52 AU12R:0.4 AU6 4\n", (1, "fear", "L12+R12+AU6+4"), ""),
        ("sep=;\nkind;onset;offset;emotion\nmicro;1;9;N/A\n", (1, "", ""), "emotion 'n/a' is taken as empty: 1 times,"),
        ("kind,,onset,offset,AUs\nmicro,fear,1,9,?\n", (1, "", "?"), "{}: columns passed over: column 2; those read"),
        (HEAD[:-1] + ",surprise\nmicro,1,9,much\n", (1, "", ""), "{}: columns passed over: surprise; those read"),
        ("kind,onset_seconds,offset_seconds,units\nmicro,0.2,0.4,secs\n", (0.2, "", ""), ""),
        ("kind,onset,offset,units\nmicro,200,0400.500,msec\n", (0.2, "", ""), ""),
        ("kind,onset,offset,class,action_units\nmicro,1,9,anger,AU12L:0.5 AU4R:0.1\n", (1, "anger", "L12+R4"), ""),
        ("Subject,Behavior,Modifier #1,Start (s),Stop (s)\nNo focal subject,blink,None,1,1.2\n", (1, "", ""), ""),
        ("kind,onset,offset,class,emotion,mood\nmicro,1,9,,Fear,low\n", (1, "fear", ""), "passed over: mood; those"),
        ("kind,onset,offset,class,emotion\nmicro,11,19,anger,Anger\n", (11, "anger", ""), ""),
        (tables.template().rpartition("s01/")[0], (131, "happiness", "R12"), ""),
        ("".join(tables.template().splitlines(True)[::2]), (402, "surprise", "1+2+25"), ""),
    ],
)
def test_each_cell_counts_or_is_named(text, expected, note, read, tmp_path):
    (event,), notes = read(text)
    assert (event.onset, event.emotion, event.action_units) == expected and event.kind in text.lower()
    assert event.subject in ("", "s01")
    assert [note.format(tmp_path / "events.csv") in line for line in notes] == [True] * bool(note)


ENDS_EARLY = b"ooBinaryFile\10TextGrid" + bytes(17) + b"\0\0\0\1\14IntervalTier\0\5micro" + bytes(16)
ENDS_EARLY += b"\0\0\0\1" + bytes(16) + b"\xff\xfe"  # in the length of a label


@pytest.mark.parametrize(
    ("name", "content"),
    [("events.eaf", b"x"), ("events.TextGrid", b"x"), ("events.xlsx", b"x"), ("a.TextGrid", ENDS_EARLY)],
)
def test_files_of_other_content_are_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=r"is not a readable|must be one of") as error:
        coding.read(tmp_path / name)
    assert not re.search("Error|NoneType|StopIteration", str(error.value))


@pytest.mark.parametrize(
    ("word", "recording", "note"),
    [("nan", "take", "subject 'nan' is taken as empty: 1 times"), ("None", "b", "subject 'None'"), ("", "take", "")],
)
def test_a_word_for_nobody_is_noted_next_to_subjects_and_refused_where_it_could_be_a_name(word, recording, note, read):
    text = "recording,subject,kind,onset,offset\ntake,Wei,micro,1,9\n{},{},micro,20,29\n"
    events, notes = read(text.format(recording, word))
    assert events[1].subject == "" and [note in line for line in notes] == [True] * bool(note)
    for name in ("Nan", "None", "Na"):
        with pytest.raises(DataError, match=rf"subject '{name}' could be nobody or a name next to Wei: .*row 3"):
            read(text.format("take", name))
