"""Putting assets on the host."""
