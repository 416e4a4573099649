"""Using the app as a person does, in either language."""

import json

from playwright.sync_api import Page, expect

from .conftest import APP, Demo, kept, word_of

LANGS = ("vi", "en")
_FILES = [
    json.loads((APP.parent / "web/src/app" / name).read_text("utf-8"))
    for name in ("words.json", "data-words.json")
]
WORDS = {lang: {key: text for file in _FILES for key, text in file[lang].items()} for lang in LANGS}


def speak(page: Page, lang: str) -> None:
    """The app in one of its languages."""
    page.locator("nav").wait_for()
    if page.locator("html").get_attribute("lang") != lang:
        page.get_by_role("button", name={"vi": "Tiếng Việt", "en": "English"}[lang]).click()
        page.get_by_role("button", name={"en": "Tiếng Việt", "vi": "English"}[lang]).wait_for()


def is_said(page: Page, key: str, *langs: str) -> None:
    """The app says this sentence, in Vietnamese and English or in the languages given."""
    for lang in langs or LANGS:
        speak(page, lang)
        expect(page.get_by_text(WORDS[lang][key], exact=False).first).to_be_visible()


def renew(page: Page, lang: str = "vi") -> None:
    """Fetch trust data."""
    speak(page, lang)
    page.get_by_role("button", name=WORDS[lang]["update"]).click()
    kept(page)


def photo(page: Page, demo: Demo, word: str = "genuine") -> str:
    """Pick a photo of a stamp; the verdict."""
    for section, what in (("type", "#number"), ("scan", "#photo")):
        page.evaluate(f"location.hash = '{section}'")
        page.locator(what).wait_for(state="attached")
    page.set_input_files("#photo", demo.sample(word))
    return word_of(page)


def number(page: Page, text: str) -> None:
    """Type a number or an address."""
    page.evaluate("location.hash = 'type'")
    page.locator("#number").fill(text)
    page.locator("#number").press("Enter")
