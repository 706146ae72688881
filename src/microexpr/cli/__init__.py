"""Read the command line and params.yaml.

May import: core, coding, videos, datasets, rendering, signals, protocols, models, training, evaluation, apps,
reporting, api, facs_faces.
"""
