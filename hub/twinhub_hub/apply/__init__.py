"""From settings to JupyterHub's traits."""
