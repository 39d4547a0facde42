"""``python3 -I -S calling.py METHOD PORT PATH BODY``: one HTTP request to a twin's own port.

What is answered goes to standard output. Status 0 says that the twin has done it, 1 that it
answered with a fault or not at all; why stands on standard error.
"""

import http.client
import json
import sys

_SECONDS = 30.0
_MOST_BYTES = 1 << 16
_FIRST_ERROR_STATUS = 400


def main(arguments: "list[str]") -> int:
    """Make the request; return the status to end with."""
    method, port, path, body = arguments
    where = f"{method} http://localhost:{port}{path}"
    connection = http.client.HTTPConnection("localhost", int(port), timeout=_SECONDS)
    try:
        connection.request(method, path, body.encode() or None, _headers(body))
        answer = connection.getresponse()
        content = answer.read(_MOST_BYTES)
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{where}: {error or type(error).__name__}\n")
        return 1
    finally:
        connection.close()
    sys.stdout.buffer.write(content)
    if content and not content.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    if answer.status < _FIRST_ERROR_STATUS:
        return 0
    sys.stderr.write(f"{where}: {answer.status} {answer.reason}\n")
    return 1


def _headers(body: str) -> "dict[str, str]":
    if not body:
        return {}
    try:
        json.loads(body)
    except ValueError:
        return {"Content-Type": "text/plain; charset=utf-8"}
    return {"Content-Type": "application/json"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
