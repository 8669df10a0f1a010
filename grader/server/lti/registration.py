"""Dynamic registration: an administrator opens a one-time address in the platform, and both sides learn of each other.

An owner makes the address, with a code that works once. What the platform says of itself is taken only from its own
origin, so that a link with a wrong `openid_configuration` cannot put one platform in the place of another.
"""

from typing import Any

from pydantic import Field

from grader.model.errors import UsageError
from grader.push.address import find_origin
from grader.push.lti_roster import SCOPE as ROSTER_SCOPE
from grader.push.replies import Reply
from grader.server.lti.id_tokens import exchange_json, parse_claims
from grader.server.lti.launch import TOOL_CONFIGURATION
from grader.server.lti.links import AGS_SCOPE
from grader.server.lti.platforms import LtiPlatform
from grader.server.lti.tool import LtiTool

SCOPES = [*(AGS_SCOPE + name for name in ("lineitem", "score", "result.readonly")), ROSTER_SCOPE]


class PlatformDescription(Reply):
    """The facts that a platform publishes about itself."""

    issuer: str = Field(min_length=1, max_length=2000)
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    registration_endpoint: str
    authorization_server: str = ""


class GivenRegistration(Reply):
    """The platform's answer."""

    client_id: str = Field(min_length=1, max_length=2000)


def register(tool: LtiTool, actor: str, address: str, token: str, base_url: str) -> LtiPlatform:
    """Register the service in a platform. Raises UsageError, PlatformFailed or RequestRefused."""
    found: PlatformDescription = parse_claims(PlatformDescription, exchange_json("GET", address))
    if find_origin(found.issuer)[1] != find_origin(address)[1]:
        raise UsageError(f"{address} describes another issuer, {found.issuer}: the hosts must be the same")
    if find_origin(found.registration_endpoint) != find_origin(address):
        raise UsageError(f"{address} names a registration endpoint at another site: nothing was sent there")
    body, bearer = describe_tool(base_url), f"Bearer {token}" if token else ""
    given: GivenRegistration = parse_claims(
        GivenRegistration, exchange_json("POST", found.registration_endpoint, authorization=bearer, json=body)
    )
    return tool.platforms.add(
        actor,
        issuer=found.issuer,
        client_id=given.client_id,
        auth_url=found.authorization_endpoint,
        token_url=found.token_endpoint,
        jwks_url=found.jwks_uri,
        audience=found.authorization_server,
    )


def describe_tool(base_url: str) -> dict[str, Any]:
    """Return the registration of the service, as OpenID Connect and LTI have it."""
    launch = f"{base_url}/lti/launch"
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{base_url}/lti/login",
        "redirect_uris": [launch],
        "client_name": "Course lab",
        "jwks_uri": f"{base_url}/lti/jwks",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(SCOPES),
        TOOL_CONFIGURATION: {
            "domain": base_url.partition("://")[2],
            "target_link_uri": launch,
            "claims": ["iss", "sub", "name"],
            "messages": [{"type": "LtiDeepLinkingRequest", "target_link_uri": launch, "label": "Course lab"}],
        },
    }
