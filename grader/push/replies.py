"""The replies that a platform may give. Each is validated here; a wrong type or an impossible number is an error."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Points = Annotated[float, Field(allow_inf_nan=False)]
Maximum = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Reply(BaseModel):
    """A reply in which unknown fields are ignored, and no text is taken for a number."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class CanvasAssignment(Reply):
    """The assignment in Canvas."""

    points_possible: Maximum | None = None


class CanvasProgress(Reply):
    """A job that Canvas does later."""

    id: Annotated[int, Field(ge=0)]
    workflow_state: str


class CanvasComment(Reply):
    """A comment on a submission."""

    comment: str | None = None


class CanvasSubmission(Reply):
    """One student's grade and comments. `score` is what Canvas made of `entered_score`, the points that were sent."""

    user_id: Annotated[int, Field(ge=0)]
    score: Points | None = None
    entered_score: Points | None = None
    submission_comments: list[CanvasComment] | None = None
    excused: bool | None = None


class LtiToken(Reply):
    """An access token. Some platforms write the seconds as text."""

    access_token: Annotated[str, Field(pattern=r"^[\x21-\x7e]+$", max_length=20_000)]
    expires_in: Annotated[float, Field(strict=False, ge=0, le=1e9, allow_inf_nan=False)] | None = None


class LtiLineItem(Reply):
    """A column of the gradebook; `id` is its address."""

    id: str
    scoreMaximum: Maximum | None = None


class LtiResult(Reply):
    """One student's result."""

    userId: str | int | None = None
    resultScore: Points | None = None
    resultMaximum: Maximum | None = None
    comment: str | None = None


class LtiMember(Reply):
    """A person in a course of the platform."""

    user_id: Annotated[str, Field(min_length=1, max_length=255)]
    roles: list[str]
    status: str | None = None
    name: str | None = None
    lis_person_sourcedid: str | None = None


class LtiMemberPage(Reply):
    """One page of a course's members."""

    members: list[LtiMember]


def describe_misfit(error: ValidationError) -> str:
    """Return which field is wrong and why, without its value, which may be a secret."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    text = first["msg"][0].lower() + first["msg"][1:]
    return (f"{place}: {text}" if place else text)[:200]
