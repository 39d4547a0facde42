"""Secrets of twins."""
