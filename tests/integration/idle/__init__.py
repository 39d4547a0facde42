"""Tests of what happens to workspaces in which nothing works."""
