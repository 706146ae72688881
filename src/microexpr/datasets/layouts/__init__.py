"""The native layouts as they are read, one file per data set, each with a `LAYOUT`; a file that is here is found.

What may not come in: another data set's layout, and how anything is generated.
"""
