"""Turn results into tables, plots and pages.

May import: core, coding, videos, datasets, rendering, signals, protocols, models, training, evaluation, apps.
"""
