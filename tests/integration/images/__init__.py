"""Tests of the choice of images, and of further workspaces."""
