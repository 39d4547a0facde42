"""Tests of what runs in JupyterLab."""
