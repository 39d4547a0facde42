"""The broker: what stands between the hub and Docker, and lets through what a workspace needs.

It knows nothing of JupyterHub and trusts nothing that the hub sends. `rules` and `bodies` decide
and touch neither network nor files; `server` asks them and forwards what they composed.
"""
