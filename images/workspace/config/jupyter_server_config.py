"""Settings of the server in every workspace; the hub adds address, prefix and identity."""

import os
import sys

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by the loader

c.ServerApp.root_dir = "/workspace"
c.ServerApp.default_url = "/lab"
c.ServerApp.disable_check_xsrf = False
c.ServerApp.terminals_enabled = True

# Kernels are reached through sockets in a folder that only their user can open, not through TCP
# ports that any process on the network of the container could try.
c.KernelManager.transport = "ipc"

# How long the hub's word on a session or token is remembered: 300 seconds unless set, in which
# somebody who has signed out, or has left, would go on.
c.HubAuth.cache_max_age = 10

# Both cost time at each start. Language servers are not part of the image; the shim translates
# settings of classic Notebook 6, of which there are none.
c.ServerApp.jpserver_extensions = {"jupyter_lsp": False, "notebook_shim": False}

# TwinHub's own extension: it tells the hub what works here.
sys.path.append("/opt/twinhub/lab")
c.ServerApp.jpserver_extensions["twinhub_lab"] = True
load_subconfig("tools_config.py")  # type: ignore[name-defined]  # noqa: F821 - given by the loader

# The server's environment is read-only, and nothing here asks the outside for news.
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"

# There is no page that empties a trash folder, and it would count against the user's space.
c.FileContentsManager.delete_to_trash = False
c.FileContentsManager.always_delete_dir = True

# The status bar shows what the hub allows the container (MEM_LIMIT, CPU_LIMIT); the host's load is
# nobody's business, and the metrics would wake the server every second.
c.ResourceUseDisplay.track_cpu_percent = True
c.ResourceUseDisplay.cpu_limit = 100 * float(os.environ.get("CPU_LIMIT") or 0)  # from cores to %
c.ResourceUseDisplay.show_host_usage = False
c.ResourceUseDisplay.enable_prometheus_metrics = False
