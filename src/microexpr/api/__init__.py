"""Offer the package to Python programs: thin functions above the layers that the commands use too.

`microexpr` exports the names of these modules. params.yaml, the workflow and the command line do not come in.

May import: core, coding, videos, rendering, signals, models, training, evaluation, apps, reporting, facs_faces."""
