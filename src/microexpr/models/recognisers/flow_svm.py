"""A support vector machine on raw optical flow, the baseline without features. No network comes in."""

from microexpr.models.handcrafted import SupportVectors


class FlowSvm(SupportVectors):
    """RBF support vector machine on each pixel's u, v and strain, standardised over the fold's training clips."""

    paper = "Cortes & Vapnik, Support-vector networks, Machine Learning 20, 1995"
    pictures = {"flow": 3}
    kernel = "rbf"
