"""The message of a platform in a launch: who comes, in which role, from which course, and to which assignment."""

from typing import Any, Literal

from pydantic import AliasPath, Field

from grader.server.lti.id_tokens import IdClaims
from grader.server.people import Role
from grader.server.refusals import RequestRefused

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
_AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
_NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/"
TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
DEEP_LINKING_SETTINGS = f"{_LINKING}deep_linking_settings"
_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
_ASSISTANTS = {f"{_MEMBERSHIP}/Instructor#TeachingAssistant", f"{_MEMBERSHIP}/Instructor#Grader"}
_TEACHERS = {f"{_MEMBERSHIP}#Instructor", f"{_MEMBERSHIP}#Administrator", "Instructor"}
_LEARNERS = {f"{_MEMBERSHIP}#Learner", "Learner"}


class LaunchClaims(IdClaims):
    """The claims of a launch; what the service does not use is not read."""

    kind: Literal["LtiResourceLinkRequest", "LtiDeepLinkingRequest"] = Field(
        validation_alias=AliasPath(f"{CLAIM}message_type")
    )
    version: Literal["1.3.0"] = Field(validation_alias=AliasPath(f"{CLAIM}version"))
    deployment: str = Field(validation_alias=AliasPath(f"{CLAIM}deployment_id"), min_length=1, max_length=255)
    target: str = Field("", validation_alias=AliasPath(f"{CLAIM}target_link_uri"))
    roles: list[str] = Field(validation_alias=AliasPath(f"{CLAIM}roles"))
    context: str = Field(validation_alias=AliasPath(f"{CLAIM}context", "id"), min_length=1, max_length=255)
    context_title: str = Field("", validation_alias=AliasPath(f"{CLAIM}context", "title"))
    resource_link: str = Field("", validation_alias=AliasPath(f"{CLAIM}resource_link", "id"), max_length=255)
    custom: dict[str, Any] = Field(default_factory=dict, validation_alias=AliasPath(f"{CLAIM}custom"))
    sourcedid: str = Field("", validation_alias=AliasPath(f"{CLAIM}lis", "person_sourcedid"))
    scopes: list[str] = Field(default_factory=list, validation_alias=AliasPath(_AGS, "scope"))
    lineitem: str = Field("", validation_alias=AliasPath(_AGS, "lineitem"))
    lineitems: str = Field("", validation_alias=AliasPath(_AGS, "lineitems"))
    memberships: str = Field("", validation_alias=AliasPath(_NRPS, "context_memberships_url"))
    page: str = Field("", validation_alias=AliasPath(f"{CLAIM}launch_presentation", "return_url"))
    return_url: str = Field("", validation_alias=AliasPath(DEEP_LINKING_SETTINGS, "deep_link_return_url"))
    return_data: Any = Field(None, validation_alias=AliasPath(DEEP_LINKING_SETTINGS, "data"))
    accepted: list[str] = Field(default_factory=list, validation_alias=AliasPath(DEEP_LINKING_SETTINGS, "accept_types"))

    @property
    def is_deep_linking(self) -> bool:
        """Tell whether a teacher chooses what a new link of the course leads to."""
        return self.kind == "LtiDeepLinkingRequest"

    @property
    def assignment(self) -> str:
        """Return the assignment that deep linking put into the link; empty for any other link."""
        name = self.custom.get("assignment")
        return name if isinstance(name, str) else ""


def choose_role(roles: list[str]) -> Role:
    """Return the role of someone with these roles in the course. Raises RequestRefused where none is meant for it.

    A role in the institution or in the platform says nothing about this course.
    """
    given = set(roles)
    if given & _ASSISTANTS:
        return Role.GRADER
    if given & _TEACHERS:
        return Role.STAFF
    if given & _LEARNERS:
        return Role.STUDENT
    raise RequestRefused(403, "launch_refused", why="your role in the course is neither a student's nor a teacher's")
