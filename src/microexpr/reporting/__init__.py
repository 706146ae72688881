"""Turn results into tables, plots and pages.

May import: core, videos, datasets, rendering, signals, protocols, models, training, evaluation, apps, facs_faces.
"""
