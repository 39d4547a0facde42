"""Typed clients of TwinHub's services, for the ``twin`` command, notebooks and other services.

Importing them costs tenths of a second: where a start counts, import them when they are used.
"""
