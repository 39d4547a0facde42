"""Secrets of twins: each person gives their own, for one twin; runs alone get them."""
