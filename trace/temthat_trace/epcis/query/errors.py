"""What is wrong with a query; each has the name the standard gives it (EPCIS 2.0, section 8.2.6)."""


class QueryError(ValueError):
    """A query that is not answered. `exception` is the standard's name, `parameter` what it is about, if one thing."""

    exception = "ValidationException"

    def __init__(self, vi: str, en: str, parameter: str = "") -> None:
        super().__init__(f"{parameter}: {en}" if parameter else en)
        self.parameter = parameter
        self.vi = f"{parameter}: {vi}" if parameter else vi
        self.en = f"{parameter}: {en}" if parameter else en


class QueryParameterError(QueryError):
    """A parameter is unknown, not served, of a wrong form, or may not stand beside another."""

    exception = "QueryParameterException"


class QueryValidationError(QueryError):
    """The document that holds the query is none."""

    exception = "QueryValidationException"


class QueryTooLargeError(QueryError):
    """More events answer than the asker, or this service, allows in one answer."""

    exception = "QueryTooLargeException"


class QueryTooComplexError(QueryError):
    """Answering would take more work than this service does for one question."""

    exception = "QueryTooComplexException"


class PageTokenError(QueryError):
    """A page token that was altered, has expired, belongs to somebody else, or comes with another query."""

    exception = "QueryParameterException"
