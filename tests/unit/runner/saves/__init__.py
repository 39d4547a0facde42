"""Saves of runs."""
