"""Subtitles of a prediction that is written down."""

from simulated_prediction import prediction

from microexpr.apps.predict import written


def test_subtitles_name_class_and_units_and_stay_until_the_next_begins():
    assert written.subtitles(prediction()) == (
        "1\n00:00:00,200 --> 00:00:00,600\nmicro-expression: negative 0.90\nAU9 nose wrinkler, AU4 brow lowerer\n\n"
        "2\n00:00:00,600 --> 00:00:01,200\nblink\nAU45 blink\n\n"
        "3\n00:00:01,200 --> 00:00:02,000\nmicro-expression: unknown\nAU12 lip corner puller\n"
    )
