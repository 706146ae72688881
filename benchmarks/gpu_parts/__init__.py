"""Parts of `benchmarks/gpu.py`. Each needs torch, NumPy and this checkout alone."""
