"""Define the content of HDF5 files by stage: name, type, axes, unit and meaning of each dataset. `store` enforces it.

Axes: T frames of a clip, H rows, W columns, C channels, L 68 landmarks, N clips, E epochs, S seeds, K classes.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """The format and the meaning of one dataset."""

    dtype: str  # a numpy dtype, or "text" for fixed-length UTF-8
    axes: tuple[str, ...]  # a dataset of the name of its only axis labels that axis
    units: str
    description: str
    by_frame: bool = False  # chunked one frame at a time


@dataclass(frozen=True, slots=True)
class Schema:
    """The datasets of one kind of HDF5 file."""

    version: int
    fields: dict[str, Field]  # by dataset name, the same in every group that has one


FRAME = Field("int64", ("frame",), "frame number", "the data set's own number of each frame")
FITTED_ON = Field("text", ("fitted_on",), "-", "origin/dataset/subject/clip that its readers of faces saw")
ACTION_UNIT = Field("text", ("action_unit",), "-", "FACS names of the action-unit axis")
SIDED, LEFT_RIGHT = ("frame", "action_unit", "side"), ("frame", "action_unit", "left_right")
SIDES = "left, right, both (the subject's own sides)"
LABELS = {  # of axes with constant names of elements
    "side": ("left", "right", "both"),
    "left_right": ("left", "right"),
    "x_y": ("x", "y"),
    "yaw_pitch": ("yaw", "pitch"),
    "yaw_pitch_roll": ("yaw", "pitch", "roll"),
    "head_movement": ("right", "down", "growth", "roll", "yaw", "nod"),
    "u_v_strain": ("u", "v", "strain"),
    "u_v": ("u", "v"),
}

TRUTH = {
    "frame": FRAME,
    "action_unit": Field("text", ("action_unit",), "-", "FACS names of the last-but-one axis of au_intensity"),
    "au_intensity": Field("float32", SIDED, "FACS 0..5", f"asked of the face; {SIDES}"),
    "landmarks": Field("float32", ("frame", "landmark", "x_y"), "pixels of the frame", "68 projected points"),
    "pose": Field("float32", ("frame", "yaw_pitch_roll"), "degrees", "of the head against the camera"),
    "gaze": Field("float32", ("frame", "yaw_pitch"), "degrees", "of the eyes in the head"),
    "onset": Field("int64", (), "frame number", "last frame before the first movement"),
    "apex": Field("int64", (), "frame number", "first frame of largest intensity"),
    "offset": Field("int64", (), "frame number", "end of the movement"),
    "event": Field("text", ("event",), "-", "what happens in a long video: micro, macro, blink, glance, speech"),
    "event_onset": Field("int64", ("event",), "frame number", "of each, as `onset`"),
    "event_apex": Field("int64", ("event",), "frame number", "of each, as `apex`"),
    "event_offset": Field("int64", ("event",), "frame number", "of each, as `offset`"),
}
FACES = {
    "frame": FRAME,
    "detected": Field("bool", ("frame",), "-", "whether a face was found in this frame"),
    "landmarks": Field("float32", ("frame", "landmark", "x_y"), "pixels of the frame", "68-point iBUG markup"),
    "landmarks_crop": Field("float32", ("frame", "landmark", "x_y"), "pixels of the crop", "the same in `crop`"),
    "pose": Field("float32", ("frame", "yaw_pitch_roll"), "degrees", "of the head against the camera, by PnP"),
    "other_faces": Field("int64", (), "count", "further faces in the clip, smaller than this one"),
    "crop": Field("uint8", ("frame", "row", "column", "channel"), "grey level 0..255",
                  "aligned face, RGB or grey; where none was found, that of the nearest frame with one", by_frame=True),
    "in_frame": Field("bool", ("row", "column"), "-",
                      "whether a pixel of `crop` shows the frame, only where some do not: those are still"),
    "fitted_on": FITTED_ON,
}  # fmt: skip
APEX = {
    "frame": FRAME,
    "onset": Field("int64", (), "frame number", "annotated or spotted"),
    "apex": Field("int64", (), "frame number", "annotated or spotted"),
    "offset": Field("int64", (), "frame number", "annotated or spotted"),
    "score": Field("float32", ("frame",), "pixels of the crop, or ratio",
                   "spotting score of each frame, unless all events are annotated: how far ten regions have moved, or "
                   "the ratio of differences"),
    "head": Field("float64", ("frame", "head_movement"), "pixels of the crop",
                  "how far the head is from where it is at the onset; nan before the onset and after the offset"),
    "fitted_on": FITTED_ON,
}  # fmt: skip
FLOW = {
    "onset_apex": Field("float32", ("u_v_strain", "row", "column"), "pixels of the crop; strain 1",
                        "optical flow from onset to apex (u right, v down) and its optical strain"),
    "onset_apex_scaled": Field("float32", ("u_v_strain", "row", "column"), "grey level +-127.5; strain 0..255",
                               "the same where each clip fills the range by itself, as `flow.normalise` asks or in "
                               "precomputed pictures: the size of the movement is lost"),
    "onset_apex_centred": Field("float32", ("u_v_strain", "row", "column"), "standard deviations of the channel",
                                "the same, each channel minus its median, which estimates no movement"),
    "fitted_on": FITTED_ON,
}  # fmt: skip
AUS = {
    "frame": FRAME,
    "raw": Field("float32", SIDED, "FACS 0..5", f"regressed; {SIDES}"),
    "smoothed": Field("float32", SIDED, "FACS 0..5", f"raw, filtered in time; {SIDES}"),
    "relative": Field("float32", SIDED, "FACS -5..5",
                      f"change since the onset, filtered in time, before any is cut to 0..5; {SIDES}"),
    "action_unit": ACTION_UNIT,
    "fitted_on": FITTED_ON,
}  # fmt: skip
TRAIN = {
    "clip": Field("text", ("clip",), "-", "test clips of the fold, dataset/subject/clip"),
    "truth": Field("int64", ("clip",), "class index", "of the file's attribute `classes`, from 0"),
    "labels": Field("int64", ("clip", "class"), "1, 0, -1",
                    "in place of `truth` where a clip may have several classes: has it, has it not, is not known"),
    "scores": Field("float32", ("seed", "epoch", "clip", "class"), "-",
                    "largest is predicted, of several classes those above 0; every epoch kept"),
    "start": Field("float32", ("seed", "clip", "class"), "-", "scores of the first weights, trained elsewhere"),
    "inner_epoch": Field("int64", ("seed",), "epoch, from 0", "chosen on the inner clips, by another training"),
    "loss": Field("float32", ("seed", "epoch", "update"), "-", "mean training loss, every epoch of every phase"),
    "statistic": Field("float32", ("any",), "-", "fitted on the fold's training clips: normalisation, weights"),
    "moved": Field("float32", ("seed",), "-", "change of a module's weights, by the length of its first ones"),
    "fitted_on": Field("text", ("fitted_on",), "-", "origin/dataset/subject/clip of all that this fold was fitted on"),
}  # fmt: skip
SYNTH = {
    "frame": Field("int64", ("frame",), "position", "from 0"),
    "onset": Field("int64", (), "position", "of a pair of faces the neutral one, which it was made from"),
    "apex": Field("int64", (), "position", "of a pair of faces the synthesised one"),
    "offset": Field("int64", (), "position", "of a pair of faces the synthesised one"),
    "crop": Field("uint8", ("frame", "row", "column", "channel"), "grey level 0..255",
                  "synthesised faces; of a pair the first is the neutral face as it was", by_frame=True),
    "label": Field("int64", (), "class index", "the expression asked for"),
    "source": Field("text", (), "-", "origin/dataset/subject/clip whose neutral face it was made from"),
    "trajectory": Field("text", (), "-", "origin/dataset/subject/clip whose action units it shows"),
    "au_asked": Field("float32", SIDED, "FACS 0..5", "asked for; left, right (the subject's own)"),
    "action_unit": ACTION_UNIT,
    "fitted_on": Field("text", ("fitted_on",), "-", "origin/dataset/subject/clip of all that the generator saw"),
}  # fmt: skip

MEASURED = {
    "frame": FRAME,
    "fps": Field("float64", (), "frames a second", "of the clip"),
    "onset": Field("int64", (), "frame number", "true; last frame before the first movement"),
    "offset": Field("int64", (), "frame number", "true; end of the movement"),
    "onset_spotted": Field("int64", (), "frame number", "by flow, as if nothing were annotated"),
    "offset_spotted": Field("int64", (), "frame number", "by flow, as if nothing were annotated"),
    "apex_true": Field("int64", (), "frame number", "first frame of largest intensity asked of the face"),
    "apex_flow": Field("int64", (), "frame number", "spotted by flow, between the true onset and offset"),
    "apex_regions": Field("int64", (), "frame number", "the same by differences in ten regions"),
    "detected": Field("bool", ("frame",), "-", "whether a face was found in this frame"),
    "landmarks_true": Field("float32", ("frame", "landmark", "x_y"), "pixels of the frame", "68 projected points"),
    "landmarks_found": Field("float32", ("frame", "landmark", "x_y"), "pixels of the frame", "of the faces stage"),
    "pose_true": Field("float32", ("frame", "yaw_pitch_roll"), "degrees", "of the head against the camera"),
    "pose_found": Field("float32", ("frame", "yaw_pitch_roll"), "degrees", "of the faces stage, by PnP"),
    "action_unit": Field("text", ("action_unit",), "-", "FACS names of the action-unit axes"),
    "au_true": Field("float32", SIDED, "FACS 0..5", f"asked of the face; {SIDES}"),
    "au_smoothed": Field("float32", SIDED, "FACS 0..5", f"of the aus stage; {SIDES}"),
    "au_change": Field("float32", SIDED, "FACS", f"change since the onset, as read: neither filtered nor cut; {SIDES}"),
    "au_relative": Field("float32", SIDED, "FACS -5..5", f"change since the onset, of the aus stage; {SIDES}"),
    "region": Field("text", ("region",), "-", "names of the region axes"),
    "flow_pixels": Field("int64", ("region",), "count", "pixels of visible skin"),
    "flow_error": Field("float64", ("region",), "pixels of the crop", "end-point errors, summed over flow_pixels"),
    "flow_length": Field("float64", ("region",), "pixels of the crop", "true lengths, summed over flow_pixels"),
}

POPULATION = {
    "frame": FRAME,
    "onset": Field("int64", (), "frame number", "as annotated: of half of the micro-expressions a little late"),
    "apex": Field("int64", (), "frame number", "as annotated: of half of the micro-expressions a little off"),
    "offset": Field("int64", (), "frame number", "end of the movement; of macro-expressions the apex"),
    "in_video": Field("bool", ("frame",), "-", "one of those at equal distances from onset to offset"),
    "crop": Field("uint8", ("frame", "row", "column", "channel"), "grey level 0..255",
                  "aligned face, RGB or grey: 144 pixels in clips, 288 in sessions", by_frame=True),
    "landmarks_crop": Field("float32", ("frame", "landmark", "x_y"), "pixels of the crop", "68-point iBUG markup"),
    "pose": Field("float32", ("frame", "yaw_pitch_roll"), "degrees", "of the head against the camera, by PnP"),
    **FLOW,
    "action_unit": ACTION_UNIT,
    "smoothed": Field("float32", SIDED, "FACS 0..5", f"ground truth; {SIDES}"),
    "relative": Field("float32", SIDED, "FACS -5..5", f"ground truth: change since the onset; {SIDES}"),
    "intensity": Field("float32", SIDED, "FACS 0..5", f"ground truth; {SIDES}"),
    "strength": Field("int64", ("frame",), "-", "0 at rest, 1 micro, 2 macro"),
    "face": Field("uint8", ("image", "row", "column", "channel"), "grey level 0..255",
                  "the first at rest, of the last scene with an expression; all differ in action units alone",
                  by_frame=True),
    "landmarks": Field("float32", ("image", "landmark", "x_y"), "pixels of the face", "68 projected points"),
    "change": Field("float32", ("image", "action_unit", "left_right"), "FACS -5..5", "since the first image"),
    "label": Field("int64", ("image",), "class index", "negative, positive, surprise; -1 for none"),
    "photographed": Field("uint8", ("row", "column", "channel"), "grey level 0..255",
                          "the first face as a camera records it"),
}  # fmt: skip

PORTRAITS = {
    "image": Field("uint8", ("image", "row", "column"), "grey level 0..255",
                   "scenes of eight images, the first of each at rest", by_frame=True),
    "points": Field("float32", ("image", "point", "x_y"), "pixels of the image",
                    "iBUG's 68 landmarks and the pupils, the subject's left first"),
    "intensity": Field("float32", ("image", "action_unit", "left_right"), "FACS 0..5", "shown by the face"),
    "pose": Field("float32", ("image", "yaw_pitch_roll"), "degrees", "of the head against the camera"),
    "action_unit": ACTION_UNIT,
}  # fmt: skip

SPOT = {
    "frame": Field("int64", ("frame",), "frame number", "the data set's own number of each frame that was read"),
    "fps": Field("float64", (), "frames a second", "that were read"),
    "seen": Field("bool", ("frame",), "-", "whether the face was found and nothing covers it"),
    "resting": Field("bool", ("frame",), "-", "whether it shows little expression"),
    "action_unit": Field("text", ("action_unit",), "-", "FACS names of the action-unit axes"),
    "au": Field("float32", LEFT_RIGHT, "FACS -5..5", "as read, since some frame of the video"),
    "au_change": Field("float32", LEFT_RIGHT, "FACS -5..5", "since the face at rest"),
    "au_sustained": Field("float32", LEFT_RIGHT, "deviations of its noise", "the same"),
    "au_transient": Field("float32", LEFT_RIGHT, "deviations of its noise", "above the median of a second around"),
    "gaze": Field("float32", ("frame",), "deviations of its noise", "how far the eyes look to a side"),
    "mouth": Field("float32", ("frame",), "deviations of its noise", "movement of the mouth, a syllable long"),
    "turn": Field("float32", ("frame", "yaw_pitch_roll"), "degrees", "of the head"),
    "score": Field("float32", ("frame",), "deviations of its noise", "of the unit that exceeds it most"),
    "crop": Field("uint8", ("frame", "row", "column"), "grey level 0..255", "aligned face", by_frame=True),
    "movement_crop": Field("uint8", ("frame", "row", "column"), "grey level 0..255",
                      "the same in the size in which movement is measured", by_frame=True),
    "movement_landmarks": Field("float64", ("landmark", "x_y"), "pixels of this crop", "medians of the 68 landmarks"),
    "kind": Field("text", ("interval",), "-", "what was spotted: micro, macro, blink, glance, speech"),
    "onset": Field("int64", ("interval",), "frame number", "of what was spotted"),
    "apex": Field("int64", ("interval",), "frame number", "of what was spotted"),
    "offset": Field("int64", ("interval",), "frame number", "of what was spotted"),
    "confidence": Field("float32", ("interval",), "as its method has it", "of what was spotted"),
    "frame_score": Field("float32", ("frame", "output"), "as its network has it", "of each frame"),
    "class": Field("text", ("interval",), "-", "predicted class of a micro-expression, \"\" where there is none"),
    "fitted_on": FITTED_ON,
}  # fmt: skip

MOVEMENT = {
    "regions": Field("float16", ("frame", "gap", "u_v_strain", "row", "column"), "pixels of the crop; strain 1",
                     "flow to the frame a gap later, and its strain: brows above mouth", by_frame=True),
    "gap": Field("text", ("gap",), "-", "names of the gaps between two frames"),
    "nose": Field("float32", ("frame", "gap", "u_v_strain"), "pixels of the crop; strain 1", "at the nose"),
    "least": Field("float32", ("frame", "gap", "u_v_strain"), "pixels of the crop; strain 1", "least in it"),
    "most": Field("float32", ("frame", "gap", "u_v_strain"), "pixels of the crop; strain 1", "most in it"),
    "eyes": Field("bool", ("row", "column"), "-", "pixels of `regions` that show an eye, or its surroundings"),
    "blocks": Field("float32", ("frame", "reach", "block"), "pixels of the crop",
                    "main directional maximal difference of 6 x 6 blocks, for two reaches"),
    "points": Field("float32", ("frame", "point", "u_v"), "pixels of the crop",
                    "flow since the frame before at ten points of brows and mouth, less that of the nose"),
    "fitted_on": FITTED_ON,
}  # fmt: skip

TAKES = {
    "kind": Field("text", ("event",), "-", "what the subject does: micro, macro, blink, glance, speech"),
    "time": Field("float64", ("event", "onset_apex_offset"), "seconds", "of what it does, since the first frame"),
    "numbers": Field("int64", ("frame",), "frame number", "of the recording, from 0"),
    "fps": Field("float64", (), "times a second", "that the face was read"),
    "start": Field("float64", (), "seconds", "of the first time that it was read"),
    "intensity": Field("float32", LEFT_RIGHT, "FACS -5..5", "of action units, since some frame of the recording"),
    "movement": Field("float32", ("frame", "region_direction", "left_right"), "pixels of the crop",
                      "of regions outward and down, since the same frame, without that of the head"),
    "gaze": Field("float32", ("frame",), "pixels of the crop", "horizontal position of the pupils"),
    "detected": Field("bool", ("frame",), "-", "whether the face was found and nothing covers it"),
    "resting": Field("bool", ("frame",), "-", "whether it shows little expression"),
    "turn": Field("float32", ("frame", "yaw_pitch_roll"), "degrees", "of the head"),
    "fitted_on": FITTED_ON,
}  # fmt: skip

ROW = ("row",)  # a face in a frame or picture
FACE_TABLE = {  # of `microexpr measure`: a dataset for each column of a table
    "number": Field("int64", ROW, "-", "frame or picture from 1, face from 0, or 1 where there is a face"),
    "presence": Field("float64", ROW, "-", "of an action unit, 0 or 1"),
    "share": Field("float64", ROW, "0..1", "how certainly there is a face"),
    "ratio": Field("float64", ROW, "1", "contrast of the skin's detail, relative to the face's brightness"),
    "seconds": Field("float64", ROW, "seconds", "since the first frame"),
    "radians": Field("float64", ROW, "radians", "of the head or the gaze, by OpenFace 2's convention"),
    "pixels": Field("float64", ROW, "pixels of the frame", "landmark from the left or top, its error, or width"),
    "intensity": Field("float64", ROW, "FACS 0..5", "of an action unit, or its error to expect"),
    "level": Field("float64", ROW, "grey level 0..255", "of the face in its aligned crop"),
    "picture": Field("text", ROW, "-", "file name of the row's picture"),
    "fitted_on": Field("text", ("fitted_on",), "-", "origin/dataset/subject/clip that the reader saw"),
}

ANSWERS = {  # of `microexpr answer`: the measurements in a clip
    "seconds": Field("float64", ("event",), "seconds", "onset, apex and offset since the clip's first frame"),
    "spotted": Field("bool", (), "-", "whether a micro-expression was spotted; else the events are the clip's ends"),
    "class": Field("text", ("class",), "-", "names of the class axis"),
    "probability": Field("float64", ("class",), "0..1", "of each class"),
    "action_unit": Field("text", ("action_unit",), "-", "FACS names with L or R, the subject's own side"),
    "change": Field("float64", ("action_unit",), "FACS", "change of intensity since rest, the largest first"),
    "fitted_on": FITTED_ON,
}

SCHEMAS = {
    "truth": Schema(3, TRUTH), "faces": Schema(4, FACES), "apex": Schema(5, APEX), "flow": Schema(3, FLOW),
    "aus": Schema(2, AUS), "train": Schema(2, TRAIN), "synth": Schema(4, SYNTH), "measured": Schema(3, MEASURED),
    "face_table": Schema(1, FACE_TABLE), "population": Schema(3, POPULATION), "portraits": Schema(1, PORTRAITS),
    "spot": Schema(2, SPOT), "movement": Schema(1, MOVEMENT),
    "takes": Schema(1, TAKES), "answers": Schema(1, ANSWERS),
}  # fmt: skip
