"""Why an order gets no report, in words for the partner."""

from shared.errors import RequestError


class Refusal(RequestError):
    """An order that will never become a report; `code` is for programs, the text for people."""

    def __init__(
        self, code: str, detail: str, *, field: str | None = None, valid: list[str] | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.field, self.valid = code, field, valid
