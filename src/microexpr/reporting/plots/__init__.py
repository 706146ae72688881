"""Plots of results. Each module plots one kind of result and writes it as a PNG."""
