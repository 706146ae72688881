"""Apply the networks shipped with the package to a user's own videos and pictures. Nothing is trained on these.

`read` reads a face in a video; `predict` finds and names micro-expressions in it; `reenact` shows a clip's action units
on another face. Their weights are in `microexpr/weights`; `reader_fits` fits them. `measure` writes the
measurements of each face as tables.

May import: core, coding, videos, datasets, signals, protocols, models, training, evaluation, facs_faces."""
