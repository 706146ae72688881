"""Gives the micro-expression of one face to another."""
