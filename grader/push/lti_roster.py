"""Read the members of a course by LTI Advantage's Names and Role Provisioning Services."""

from pylti1p3.exception import LtiException

from grader.model.errors import PlatformFailed
from grader.push.connection import Connection
from grader.push.lti import LtiConnector, register_tool
from grader.push.lti_site import Site
from grader.push.replies import LtiMember, LtiMemberPage
from grader.push.session import PlatformSession

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
_MEDIA = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
_ADVICE = {
    400: "it does not recognise the tool; check the registration, and that the tool may read the members of a course",
    401: "it does not accept the tool's signature or token; check that it has the service's public keys",
    403: "the tool may not read the members of the course; have that scope granted",
    404: "there is no such list; launch the tool from the course again",
}


def fetch_members(site: Site, key: str, address: str) -> list[LtiMember]:
    """Return the members of a course. Raises UsageError and PlatformFailed."""
    session = PlatformSession("the platform", address, token_url=site.token_url)
    connection = Connection(session, _ADVICE, (LtiException, AssertionError))
    connector = LtiConnector(register_tool(site, key), session)

    def list_members(_: int) -> list[LtiMember]:
        members: list[LtiMember] = []
        for page in connector.get_paginated_data([SCOPE], address, accept=_MEDIA):
            members += LtiMemberPage.model_validate(page["body"]).members
            if len(members) > session.limits.entries:
                raise PlatformFailed(f"{session.place} lists more than {session.limits.entries} members of one course")
        return members

    try:
        with connection.explain():
            return connection.insist(list_members)
    finally:
        session.close()
