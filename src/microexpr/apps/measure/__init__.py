"""Measure every face of videos and pictures as tables: landmarks, head pose, action units and quality.

Columns have the names, order and units of OpenFace 2; further columns come after them.
"""
