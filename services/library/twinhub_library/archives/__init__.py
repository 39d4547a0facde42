"""Folders as archives, and archives as folders."""
