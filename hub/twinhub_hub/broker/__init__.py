"""The broker: what stands before Docker, and lets through what a workspace needs, or a run.

It knows nothing of JupyterHub and of the runner, and trusts nothing that they send. `rules` and
what they ask decide and touch neither network nor files; `server` asks them and forwards what they
composed. The hub and the runner have a socket each: on one there are only workspaces, on the other
only runs.
"""
