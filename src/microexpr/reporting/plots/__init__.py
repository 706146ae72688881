"""Plots of results. Each module plots one kind of result and writes it in the format of the file's suffix."""
