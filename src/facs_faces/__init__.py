"""Render faces of people who do not exist, moved by the action units of FACS: geometry, light, skin, and time courses.

It knows no clips, data sets or files of results; `microexpr film` and the rendered data sets are made with it.

May import: core.
"""
