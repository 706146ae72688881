"""The fold engine: trains any method on many folds and seeds. Knows no method by name, and no file.

May import: core, datasets, signals, protocols, models.
"""
