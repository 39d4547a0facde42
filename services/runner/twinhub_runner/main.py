"""The runner as an application: the parts, the routes and who may call."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from twinhub_kit.application import make_application, serve_routes
from twinhub_kit.health import serve_health
from twinhub_kit.metrics import serve_metrics

from twinhub_runner.rest import logs, metrics, people, results, runs, saves, secrets, telling

if TYPE_CHECKING:
    from fastapi import FastAPI
    from twinhub_kit.callers import Identity

    from twinhub_runner.runner import Runner


def make_runner_application(runner: Runner, identity: Identity) -> FastAPI:
    """Return the application that runs twins for those whom the identity knows."""
    application = make_application(
        "TwinHub runner", version=version("twinhub-runner"), identity=identity,
        background=runner.background,
    )  # fmt: skip
    application.state.runner = runner
    serve_health(application, runner.health)
    serve_metrics(application, runner.metrics)
    for router in (
        runs.router, logs.router, telling.router, metrics.router, people.router,
        results.router, secrets.router, saves.router,
    ):  # fmt: skip
        serve_routes(application, router)
    return application
