"""Predict landmarks in the box of a face by a network. Out of scope: stages, trained weights."""
