"""Imports: copies of assets that know where they are from, pins, and updates that lose nothing."""
