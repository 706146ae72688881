"""Predict landmarks in the box of a face by a network. What may not come in: stages, trained weights."""
