"""What can go wrong at the desk, each with its HTTP status and the key of the words that say what to do."""


class DeskError(Exception):
    """Shown as a page of its own: `key`.title and `key`.text of the texts, with `values` filled in."""

    status = 500
    key = "error.broken"

    def __init__(self, **values: str | int) -> None:
        super().__init__(self.key, values)
        self.values = values


class NotFound(DeskError):
    """No such page, or a record this person may not know of: both look the same."""

    status = 404
    key = "error.not_found"


class Forbidden(DeskError):
    """Known, but not for this person."""

    status = 403
    key = "error.forbidden"


class FormExpired(DeskError):
    """The form does not come from this browser's present session, or from another site."""

    status = 403
    key = "error.form"


class BadForm(DeskError):
    """Fields are missing that the page's own form always sends."""

    status = 400
    key = "error.bad_form"


class TooLarge(DeskError):
    """More than the page accepts. `limit` in megabytes."""

    status = 413
    key = "error.too_large"


class Refused(DeskError):
    """One of the house's own refusals, in its own words (`reason`), where no form could show it."""

    status = 422
    key = "error.refused"


class OutOfReach(DeskError):
    """The database does not answer."""

    status = 503
    key = "error.out_of_reach"


class SignInNeeded(Exception):
    """Nobody is signed in; the browser is sent to the sign-in page and then back."""
