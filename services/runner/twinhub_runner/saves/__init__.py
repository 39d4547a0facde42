"""Saves: the state of a run as one archive in the library, restored or forked later."""
