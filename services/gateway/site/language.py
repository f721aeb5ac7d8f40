"""The language of the website: the texts of templates and of Python code are looked up here. Pure."""

from gettext import NullTranslations

translations = NullTranslations()
"""English needs no catalogue; another language is one made from `web/locale/messages.pot`."""


def gettext(text: str) -> str:
    """A text in the language of the website."""
    return translations.gettext(text)


def ngettext(one: str, many: str, n: int) -> str:
    """A text that depends on a number."""
    return translations.ngettext(one, many, n)


def N_(text: str) -> str:
    """A constant as it is, marked for the catalogue: it is looked up where it is used."""
    return text
