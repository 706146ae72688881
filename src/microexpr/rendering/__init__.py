"""People who do not exist: their faces, their displays and the frames a laboratory camera would take of them.

What may not come in: any data set's folder layout but our own writers', any network, any licensed picture.

May import: core, datasets.
"""
