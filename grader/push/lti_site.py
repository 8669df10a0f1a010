"""The addresses of a platform's LTI services, and its names for the tool."""

from dataclasses import dataclass

KEY_VARIABLE = "GRADER_LTI_KEY"
_SCOPES = "https://purl.imsglobal.org/spec/lti-ags/scope/"


@dataclass(frozen=True)
class Site:
    """The facts of the tool's registration and launch.

    `lineitem` is the address of one column of the gradebook, `lineitems` that of all columns.
    """

    token_url: str
    client_id: str
    lineitems: str = ""
    lineitem: str = ""
    key_id: str = ""
    audience: str = ""

    @property
    def scopes(self) -> list[str]:
        """Return what the token must allow; a given line item need not be searched for."""
        scopes = ["score", "result.readonly"] if self.lineitem else ["lineitem", "score", "result.readonly"]
        return [_SCOPES + scope for scope in scopes]
