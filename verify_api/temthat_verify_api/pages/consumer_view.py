"""stub"""
from temthat_verify_api.pages.render import page, language
from temthat_stamps.texts import say
async def consumer_page(parts, request, answer, view):
    return page(request, "front.html")
