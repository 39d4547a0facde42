"""Reads any folder as a twin: guesses with their reasons, and nothing is executed."""

from twinhub_dtconfig.inference.guesses import Guess
from twinhub_dtconfig.inference.reading import ReadingLimits
from twinhub_dtconfig.inference.twins import InferredTwin, infer_twin

__all__ = ["Guess", "InferredTwin", "ReadingLimits", "infer_twin"]
