"""The page for what is not a question: a slip of the finger, an unknown address, a fault."""

from fastapi import Request, Response

from temthat_stamps.errors import Mistyped
from temthat_stamps.texts import say_mistyped
from temthat_verify_api.errors import Refused
from temthat_verify_api.pages.render import language, page, words


def refusal_page(request: Request, refused: Refused) -> Response:
    """A refusal in words, with the field to try again where typing went wrong."""
    lang = language(request)
    if refused.error == "mistyped":
        saying = say_mistyped(Mistyped("mistyped", refused.more.get("position")), lang)
        title, message, sign = saying.title, f"{saying.sentence} {saying.action}", saying.sign
        typed = str(request.path_params.get("code", ""))[:100]
    else:
        title, sign, typed = words(lang)["refused_title"], "question", None
        message = refused.vi if lang == "vi" else refused.en
    response = page(
        request,
        "refusal.html",
        status=refused.status,
        title=title,
        message=message,
        sign_name=sign,
        typed=typed,
    )
    response.headers.update(refused.headers)
    return response
