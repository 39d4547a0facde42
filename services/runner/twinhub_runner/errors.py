"""What can be wrong with what somebody asks of the runner; the text is for people."""

from __future__ import annotations

from twinhub_kit.errors import ServiceError


class RunnerError(ServiceError):
    """Base of all errors of the runner."""

    code = "runner-error"


class NoTwinError(RunnerError):
    """There is no such twin, or none that the caller may know of."""

    code = "not-found"
    status = 404


class BadTwinError(RunnerError):
    """A twin that cannot be run as it is; the text names file and line."""

    code = "bad-twin"
    status = 422


class NoRunError(RunnerError):
    """There is no such run, or none that the caller may know of."""

    code = "not-found"
    status = 404


class NoCommandError(RunnerError):
    """A run was not told so."""

    code = "not-found"
    status = 404


class NotRunningError(RunnerError):
    """Something is asked of a run that does not run."""

    code = "not-running"
    status = 409


class NotAskingError(RunnerError):
    """A run is to go on that does not ask whether to."""

    code = "not-asking"
    status = 409


class TwinRunsError(RunnerError):
    """A phase has to be run inside a run that goes on; the text says in which."""

    code = "twin-runs"
    status = 409


class BadSubmissionError(RunnerError):
    """Something is asked that the twin does not have, or that can never be."""

    code = "bad-submission"
    status = 422


class KeyUsedError(RunnerError):
    """Something else was asked for with the same idempotency key."""

    code = "key-used"
    status = 422


class ChangedInputsError(RunnerError):
    """What a run has used is not there any more as it was."""

    code = "changed-inputs"
    status = 409


class NotReadyError(RunnerError):
    """A run has not come so far that there is what is asked for."""

    code = "not-ready"
    status = 409


class NoArtefactError(RunnerError):
    """A run has no such result."""

    code = "not-found"
    status = 404


class NoPictureError(RunnerError):
    """A result that is no picture, or a large one, is to be shown as one."""

    code = "no-picture"
    status = 415


class BadSaveError(RunnerError):
    """An archive that is no save, or a damaged one: nothing is made of it."""

    code = "bad-save"
    status = 422


class BadSecretError(RunnerError):
    """A twin has no such secret, or what is given cannot be one; the text does not repeat it."""

    code = "bad-secret"
    status = 422


class NoSecretError(RunnerError):
    """Nothing was given for a secret."""

    code = "not-found"
    status = 404


class MissingSecretError(RunnerError):
    """A twin needs secrets that its user has not given; the text says how to."""

    code = "missing-secret"
    status = 409
