"""The kernel of an environment that has lost its Python: it says so in every cell."""

from __future__ import annotations

import sys
from typing import Any, ClassVar


def main(arguments: list[str]) -> int:
    """Serve the connection file ``arguments[1]`` for the environment ``arguments[0]``."""
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415 - of the scientific environment
    from ipykernel.kernelbase import Kernel  # noqa: PLC0415 - as above

    name, connection_file = arguments
    remedy = f"The environment {name} has lost its Python. In a terminal: twinhub-env repair {name}"

    class BrokenKernel(Kernel):  # type: ignore[misc] # not there when types are checked
        """Answers everything with what is wrong."""

        implementation = "twinhub-broken"
        implementation_version = "1"
        banner = remedy
        language_info: ClassVar[dict[str, str]] = {
            "name": "python", "mimetype": "text/x-python", "file_extension": ".py",
        }  # fmt: skip

        def do_execute(self, *_: object, **__: object) -> dict[str, Any]:
            error = {"ename": "BrokenEnvironment", "evalue": remedy, "traceback": [remedy]}
            self.send_response(self.iopub_socket, "error", error)
            return {"status": "error", "execution_count": self.execution_count, **error}

    sys.argv[1:] = ["-f", connection_file]
    IPKernelApp.launch_instance(kernel_class=BrokenKernel)
    return 0
