"""Train methods: load clips, check leaks, fit networks on folds, write their files. Knows no method by name.

May import: core, datasets, signals, protocols, models.
"""
