"""Reads any folder as a twin: guesses with their reasons, and nothing is executed."""
