"""Apply trained networks to a user's own videos: predict and reenact.

May import: core, datasets, rendering, signals, protocols, models, training, evaluation.
"""
