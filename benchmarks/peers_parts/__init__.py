"""Parts of `benchmarks/peers.py`: layouts that the authors' programs read, drivers, processes, scores, tables."""
