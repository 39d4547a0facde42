"""Runs a notebook from top to bottom and prints what its cells print; for ``twinhub-exec``."""

from __future__ import annotations

import os
import sys
from typing import Any


def main(arguments: list[str]) -> int:
    """Run notebook ``arguments[0]`` on Python ``arguments[1]``; exit status 1 when a cell fails.

    The third argument is where the notebook goes with its results, or nothing.
    """
    import nbformat  # noqa: PLC0415 - of the server's environment
    from nbclient.exceptions import CellExecutionError, DeadKernelError  # noqa: PLC0415

    path, python, output = arguments
    try:
        notebook = nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        sys.stderr.write(f"TwinHub: {path} is no notebook: {error}\n")
        return 125
    client = _client(notebook, python, os.path.dirname(path))
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError) as error:
        sys.stderr.write(f"TwinHub: {path} ended: {type(error).__name__}\n")
        return 1
    finally:
        if output:
            nbformat.write(notebook, output)
    return 0


def _client(notebook: Any, python: str, folder: str) -> Any:  # noqa: ANN401 - not there for types
    from jupyter_client.kernelspec import KernelSpec  # noqa: PLC0415 - as above
    from jupyter_client.manager import AsyncKernelManager  # noqa: PLC0415
    from nbclient import NotebookClient  # noqa: PLC0415

    class Printing(NotebookClient):  # type: ignore[misc]
        """Prints each output when it comes."""

        def output(self, outs: Any, msg: Any, display_id: Any, cell_index: Any) -> Any:  # noqa: ANN401
            _print(msg["msg_type"], msg["content"])
            return super().output(outs, msg, display_id, cell_index)

    os.makedirs(os.environ["JUPYTER_RUNTIME_DIR"], mode=0o700, exist_ok=True)
    manager = AsyncKernelManager(transport="ipc")
    command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = KernelSpec(argv=command, display_name="job", language="python")
    manager._kernel_spec = spec  # noqa: SLF001 - there is no other way to have one without a folder
    resources = {"metadata": {"path": folder}}
    client = Printing(notebook, km=manager, timeout=None, resources=resources)
    client.owns_km = True  # it ends the kernel as well
    return client


def _print(kind: str, content: Any) -> None:  # noqa: ANN401 - as Jupyter's messages are
    if kind == "stream":
        to = sys.stderr if content["name"] == "stderr" else sys.stdout
        to.write(content["text"])
        to.flush()
    elif kind == "error":
        sys.stderr.write("\n".join(content["traceback"]) + "\n")
    elif kind in {"execute_result", "display_data"}:
        sys.stdout.write(content["data"].get("text/plain", "") + "\n")
        sys.stdout.flush()
