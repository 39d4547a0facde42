"""The base of what a service refuses with: the text reaches people, and nothing else does."""

from __future__ import annotations


class ServiceError(Exception):
    """Something that a caller can mend; the text says what is wrong and what to do."""

    code = "service-error"
    """A stable word for programs."""
    status = 500
    """The HTTP status."""

    def __str__(self) -> str:
        """Return the text; of the name of a file, bytes that are no text by their numbers."""
        return super().__str__().encode("utf-8", "backslashreplace").decode()


class NotSignedInError(ServiceError):
    """Nobody is known by what came with the request."""

    code = "not-signed-in"
    status = 401


class NotAllowedError(ServiceError):
    """The caller is known and may not do this, and knows anyway that the thing is there."""

    code = "not-allowed"
    status = 403


class UnknownError(ServiceError):
    """There is no such thing, or none that the caller may know of."""

    code = "not-found"
    status = 404


class CancelledError(ServiceError):
    """Long work was told to end before it was done."""

    code = "cancelled"
    status = 409


class BusyError(ServiceError):
    """The caller has so much under way that no more is begun."""

    code = "busy"
    status = 429


class UnavailableError(ServiceError):
    """What the service needs does not answer now; asking again later helps."""

    code = "unavailable"
    status = 503


class NewerDatabaseError(ServiceError):
    """The database was made by a newer version of the service than this one."""

    code = "newer-database"


class BrokenMigrationError(ServiceError):
    """A fault in a migration; nothing of it was kept."""

    code = "broken-migration"
