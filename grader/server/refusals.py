"""A request that is refused: a status, and a sentence in the reader's language."""

from grader.model.errors import GraderError
from grader.model.verdict import Language
from grader.server.labels import translate


class RequestRefused(GraderError):
    """Something that was asked for is not done; the label names the sentence that says why and what to do."""

    def __init__(self, status: int, label: str, *, retry_after: int | None = None, **values: object) -> None:
        """Keep the parts of the sentence."""
        super().__init__(translate("en", label, **values))
        self.status = status
        self.label = label
        self.retry_after = retry_after
        self.values = values

    def tell(self, language: Language) -> str:
        """Return the sentence."""
        return translate(language, self.label, **self.values)
