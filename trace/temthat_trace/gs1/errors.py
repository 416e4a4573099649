"""What is wrong with a GS1 key, a Digital Link or an EPC URI."""


class Gs1Error(ValueError):
    """The text breaks a rule of GS1; says which and how to mend it, in both languages.

    `rule` is a short stable name: syntax, scheme, key, alpha, order, value, length, charset, check_digit, format,
    attribute, duplicate, pairing, urn, prefix, size.
    """

    def __init__(self, rule: str, vi: str, en: str) -> None:
        super().__init__(en)
        self.rule = rule
        self.vi = vi
        self.en = en


class NotGs1(Gs1Error):
    """The text is a URI of another kind, which carries no GS1 key. It may be a good identifier all the same."""
