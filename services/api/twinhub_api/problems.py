"""How the services tell what is wrong: problem details (RFC 9457) with a stable code."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What is wrong with a request, for people and for programs."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = Field("about:blank", description="What kind of problem, as an address.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong and what to do, for people.")
    code: str = Field(description="A stable word for programs, such as `not-found`.")
