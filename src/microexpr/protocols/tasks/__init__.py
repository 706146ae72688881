"""A module for each task, with its protocols and tables as `TASK`: `microexpr.protocols` finds it here.

May import: core, datasets, and the modules of protocols.
"""
