"""MTMNet: a network on macro-expressions guides one on micro-expressions; both separate expression from identity."""

from microexpr.models.recognisers.mtmnet.method import Mtmnet

__all__ = ["Mtmnet"]
