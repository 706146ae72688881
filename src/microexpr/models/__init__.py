"""Define the methods: recognisers, generators, their layers, losses and training phases.

May import: core, signals.
"""
