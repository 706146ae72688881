"""Read the command line and params.yaml.

May import: core, datasets, rendering, signals, protocols, models, training, evaluation, apps, reporting.
"""
