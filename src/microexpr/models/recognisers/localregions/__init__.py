"""Local regions: a small network for each of six face regions, an LSTM for each, and a joint classifier."""

from microexpr.models.recognisers.localregions.method import LocalRegions

__all__ = ["LocalRegions"]
