"""Logistic regression on the change of action units: what a practitioner tries first. No network.

Shapes: features [N, A * 2] of N clips, A action units of the aus stage, 2 sides, which lie next to each other.
"""

from microexpr.models.base import ClassicalMethod, Shapes
from microexpr.models.handcrafted import Machine, SupportVectors, logistic_regression
from microexpr.signals.aus import ACTION_UNITS


class AuChange(SupportVectors):
    """The change of each action unit from onset to apex, left and right, and a multinomial logistic regression.

    Ours. A weight says how much an action unit on one side speaks for a class. Changes are standardised over the fold's
    training clips, and class weights are balanced. The aus stage reads action units by a model that was fitted on none
    of the clips."""

    paper = "None: action units, then logistic regression, the usual first attempt"
    decisive = ClassicalMethod.decisive  # all clips decide
    inputs: Shapes = {"au_change": (len(ACTION_UNITS), 2)}

    def _machine(self) -> Machine:
        return logistic_regression(self.params.penalty)
