"""What can go wrong between a client and a service; the text is for people, and is the server's."""

from __future__ import annotations


class ClientError(Exception):
    """Base of all errors of the clients."""

    code = "client-error"
    """A stable word for programs."""


class NotSetUpError(ClientError):
    """Nothing says where the service is."""

    code = "not-set-up"


class UnreachableError(ClientError):
    """The service does not answer, or something between does not let it."""

    code = "unreachable"


class ProblemError(ClientError):
    """The service refuses; see RFC 9457."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        """Hold the status, the stable word and the text of the service."""
        super().__init__(detail)
        self.status = status
        self.code = code


class OperationError(ClientError):
    """Long work has not come to its end; the code is of its problem, or its status."""

    def __init__(self, code: str, text: str) -> None:
        """Hold the stable word and the text of the service."""
        super().__init__(text)
        self.code = code
