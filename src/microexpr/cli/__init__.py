"""Read the command line and params.yaml.

May import: core, coding, videos, datasets, rendering, models, training, evaluation, apps,
reporting, tasks, api, facs_faces."""
