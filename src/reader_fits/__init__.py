"""Rendered subjects of no corpus, the population, and the training of the readers that microexpr ships on them.

microexpr never imports it: `make shipped` fits its weights again to the same bytes.

May import: core, videos, rendering, signals, protocols, models, training, evaluation, apps, facs_faces.
"""
