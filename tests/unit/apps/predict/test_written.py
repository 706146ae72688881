"""Intervals of a prediction that is written down, as other programs read them."""

import re
from xml.etree import ElementTree

from simulated_prediction import prediction

from microexpr.apps.predict import written

CUES = [
    ("00:00:00{}200", "00:00:00{}600", "micro-expression: negative 0.90, sure", "AU9 nose wrinkler, AU4 brow lowerer"),
    ("00:00:00{}600", "00:00:01{}200", "blink", "AU45 blink"),
    ("00:00:01{}200", "00:00:02{}000", "micro-expression: positive 0.60, unsure", "AU12 lip corner puller"),
]


def test_subtitles_name_class_and_units_and_stay_until_the_next_begins():
    cues = [f"{start} --> {end}\n{name}\n{units}\n" for start, end, name, units in CUES]
    numbered = "\n".join(f"{i}\n{cue}" for i, cue in enumerate(cues, 1))
    assert written.subtitles(prediction()) == numbered.replace("{}", ",")
    assert written.subtitles(prediction(), for_browsers=True) == "WEBVTT\n\n" + "\n".join(cues).replace("{}", ".")


def test_elan_finds_each_kind_in_a_tier_and_times_in_their_order():
    document = ElementTree.fromstring(written.elan(prediction("take.avi")))
    times = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE", 0)) for slot in document.iter("TIME_SLOT")}
    assert list(times.values()) == [200, 400, 600, 700, 1200, 1400]
    tiers = {
        tier.get("TIER_ID"): [
            (times[a.get("TIME_SLOT_REF1")], times[a.get("TIME_SLOT_REF2")], a.findtext("ANNOTATION_VALUE"))
            for a in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for tier in document.iter("TIER")
    }
    assert tiers == {
        "micro": [
            (200, 400, "micro-expression: negative 0.90, sure: AU9 nose wrinkler, AU4 brow lowerer"),
            (1200, 1400, "micro-expression: positive 0.60, unsure: AU12 lip corner puller"),
        ],
        "blink": [(600, 700, "blink: AU45 blink")],
    }
    (media,) = document.iter("MEDIA_DESCRIPTOR")
    assert media.get("RELATIVE_MEDIA_URL") == "./take.avi"
    assert written.elan(prediction()) == written.elan(prediction())


def test_tiers_of_a_text_grid_cover_the_video():
    text = written.text_grid(prediction())
    tiers = text.split("    item [")[1:]
    assert [re.search(r'name = "(\w+)"', tier)[1] for tier in tiers] == ["micro", "blink"]
    for tier, count in zip(tiers, (5, 3), strict=True):
        starts, ends = (list(map(float, re.findall(f"{name} = (.+)", tier))) for name in ("xmin", "xmax"))
        assert starts[1:] == [0.0, *ends[1:-1]] and ends[-1] == ends[0] == 2.0 and len(starts) == count + 1
