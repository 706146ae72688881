"""The native layouts as they are read: one file per data set, each with a `LAYOUT`. Every file in this folder is used.

A file knows no other data set's layout, and nothing about rendering.
"""
