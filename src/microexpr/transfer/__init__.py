"""A micro-expression put onto another face: what is done with made faces on their way back to the picture's own size.

What may not come in: a training.
"""
