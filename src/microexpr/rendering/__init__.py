"""Render faces of people who do not exist, and write them as frames in the layouts of the data sets.

This package knows native layouts only through its own writers. Networks and licensed pictures do not come in here.

May import: core, coding, videos, datasets.
"""
