"""Taking names out of English sentences."""

from __future__ import annotations

import re

from models.nouns.rewriting.captions import Cut, Edit, Surroundings

_NOUNS = {
    "character": "character",
    "person": "person",
    "artist": "artist",
    "work": "series",
    "studio": "studio",
    "brand": "brand",
    "place": "place",
}
_GENDERED = {
    ("character", "female"): "female character",
    ("character", "male"): "male character",
    ("person", "female"): "woman",
    ("person", "male"): "man",
}
_FEMALE = re.compile(r"\b(?:she|her|hers|herself)\b", re.IGNORECASE)
_MALE = re.compile(r"\b(?:he|him|his|himself)\b", re.IGNORECASE)
_CLAUSE_BEFORE = re.compile(
    r"(?P<lead>[\s,;(\[]*)\b(?:"
    r"(?:(?:fan ?)?art(?:work)?|drawn|illustrated|painted|drawing|illustration|painting|designed"
    r"|created|made|animated|produced)\s+by"
    r"|in\s+the\s+(?:art\s+)?style\s+of|in\s+style\s+of|(?:the\s+)?style\s+of"
    r"|(?:also\s+)?(?:named|called|known\s+as)|by|from|of\s+the\s+series"
    r"|a\s+character\s+(?:from|in|of)"
    r")\s+(?:the\s+)?[\"'“‘«@#©]?\Z",
    re.IGNORECASE,
)
_COSPLAY_BEFORE = re.compile(
    r"\b(?:cosplaying|cosplay|dressed|disguised|dressing)(?:\s+up)?\s+(?:as|of)\s+(?P<quote>[\"'“‘]?)\Z"
    r"|\b(?:fan\s?art|picture|drawing|painting|illustration|statue|figure|poster|image|photo)\s+of\s+"
    r"(?P<quoted>[\"'“‘]?)\Z",
    re.IGNORECASE,
)
_COSPLAY_AFTER = re.compile(r"\s+cosplay(?:er|ing|s)?\b", re.IGNORECASE)
_STYLE_AFTER = re.compile(r"[\"'”’]?(?:['’]s)?[\s-]+style\b", re.IGNORECASE)
_STYLE_BEFORE = re.compile(r"[\s,;]*\bin\s+(?:an?\s+|the\s+)?\Z", re.IGNORECASE)
_LABEL_BEFORE = re.compile(
    r"(?:\b(?:artist|character|copyright|series|franchise|anime|game|brand)\s?:\s*|[@#©]\s?)\Z",
    re.IGNORECASE,
)
_DETERMINERS = frozenset(
    (
        "a", "an", "the", "this", "that", "these", "those", "his", "her", "their", "its",
        "my", "your", "our", "some", "any", "no", "one", "two", "three", "every", "each",
        "another",
    )
)  # fmt: skip
_BREAKERS = frozenset(
    (
        "is", "are", "was", "were", "be", "been", "being", "am", "do", "does", "did", "has",
        "have", "had", "can", "will", "would", "should", "may", "might", "and", "or", "but",
        "nor", "of", "in", "on", "at", "by", "for", "with", "without", "from", "to", "into",
        "onto", "as", "than", "that", "who", "whom", "which", "while", "when", "where",
        "holding", "wearing", "watching", "playing", "meets", "meet", "sees", "see",
    )
)  # fmt: skip
_WORD_BEFORE = re.compile(r"([^\s,.;:!?()\[\]\"“”]+)[^\S\n]+\Z")
_NOUN_AFTER = re.compile(r"\s+(?P<word>[a-z][a-z-]{2,})")
_NOT_A_NOUN = frozenset(
    (
        "is", "are", "was", "were", "has", "have", "had", "and", "or", "but", "in", "on",
        "at", "by", "for", "with", "without", "from", "to", "into", "onto", "as", "who",
        "that", "which", "while", "when", "where", "sits", "stands", "runs", "walks", "plays",
        "holds", "wears", "smiles", "looks", "jumps", "rides", "sings", "eats", "sleeps",
        "waves", "points", "posing", "holding", "wearing", "standing", "sitting", "running",
        "walking", "playing", "smiling", "looking", "jumping", "riding", "singing", "eating",
        "sleeping", "waving", "pointing", "near", "beside", "behind", "under", "over",
        "between", "through", "across", "around", "doing", "giving", "getting", "making",
        "taking", "going", "throwing",
    )
)  # fmt: skip
_QUOTES = {'"': '"', "“": "”", "‘": "’", "«": "»", "'": "'"}
_SENTENCE_START = re.compile(r"(?:\A|[.!?\n]\s*)[\"'“‘(\[]*\Z")
_CREDIT = "A clause that says whose work it is goes."
_CLASS = "The name gives way to the noun of what it names."


def find_english_gender(text: str) -> str:
    """The gender that all third-person pronouns of a text show; "" where they show none or both."""
    female, male = bool(_FEMALE.search(text)), bool(_MALE.search(text))
    return "" if female == male else "female" if female else "male"


def cut_english(text: str, cut: Cut, around: Surroundings) -> Edit | None:
    """The edit that takes a name out of a sentence; None where nobody knows what it names."""
    start, end = _with_quotes(text, cut.start, cut.end)
    before = text[max(0, start - 60) : start]
    offset = start - len(before)
    if start > 0 and end < len(text) and text[start - 1] == "(" and text[end] == ")":
        return _delete(text, start - 1, end + 1, _CREDIT)
    clause = _CLAUSE_BEFORE.search(before)
    if clause is not None and (cut.category != "place" or "by" not in clause[0].lower()):
        return _delete_clause(text, offset + clause.start(), cut.start, end)
    if (label := _LABEL_BEFORE.search(before)) is not None:
        return _delete(text, offset + label.start(), end, _CREDIT)
    if _COSPLAY_BEFORE.search(before):
        phrase = _indefinite(_noun_for(cut.category or "character", around))
        return _replace(text, start, end, phrase, around)
    if _COSPLAY_AFTER.match(text, end):
        return Edit(start, end + 1, text[start : end + 1], "", _CLASS)
    if (style := _STYLE_AFTER.match(text, end)) is not None:
        if lead := _STYLE_BEFORE.search(before):
            return _delete(text, offset + lead.start(), style.end(), _CREDIT)
        stop = style.end() + (text[style.end() : style.end() + 1] == " ")
        return Edit(start, stop, text[start:stop], "", _CREDIT)
    if not cut.category:
        return None
    return _name_the_kind(text, start, end, cut, around)


def _name_the_kind(text: str, start: int, end: int, cut: Cut, around: Surroundings) -> Edit:
    noun = _noun_for(cut.category, around)
    possessive = re.match(r"['’]s\b", text[end : end + 2])
    article_at = _determiner_before(text, start)
    followed = _NOUN_AFTER.match(text, end)
    if (
        followed is not None
        and followed["word"] not in _NOT_A_NOUN
        and article_at is not None
        and not possessive
        and cut.category in ("brand", "studio", "work", "artist")
    ):
        return Edit(start, end + 1, text[start : end + 1], "", _CLASS)
    if article_at is not None:
        return _replace(text, start, end, noun, around, article_at)
    phrase = f"the {noun}" if possessive else _indefinite(noun)
    return _replace(text, start, end, phrase, around)


def _noun_for(category: str, around: Surroundings) -> str:
    return _GENDERED.get((category, around.gender)) or _NOUNS.get(category, "subject")


def _indefinite(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _replace(
    text: str,
    start: int,
    end: int,
    phrase: str,
    around: Surroundings,
    article_at: int | None = None,
) -> Edit:
    """Put a phrase in a name's place: with a capital at the beginning, the article before it kept.

    ``a`` and ``an`` before it follow the new noun.
    """
    if article_at is not None and text[article_at:start].strip().lower() in ("a", "an"):
        article = text[article_at:start].strip()
        right = "an" if phrase[0] in "aeiou" else "a"
        if article.lower() != right:
            right = right.capitalize() if article[0].isupper() else right
            return Edit(article_at, end, text[article_at:end], f"{right} {phrase}", _CLASS)
    begins = _SENTENCE_START.search(text[max(0, start - 8) : start])
    if article_at is None and begins and around.capitals:
        phrase = phrase[0].upper() + phrase[1:]
    return Edit(start, end, text[start:end], phrase, _CLASS)


def _determiner_before(text: str, start: int) -> int | None:
    """Where the article that a name has stands, at most two describing words before it."""
    place = start
    for _ in range(3):
        found = _WORD_BEFORE.search(text, max(0, place - 40), place)
        if found is None:
            return None
        word = found[1].lower()
        if word in _DETERMINERS:
            return found.start()
        # A word that ends in s is a verb far more often than a describing word.
        if (
            word in _BREAKERS
            or word.endswith("s")
            or not word.replace("-", "").isalpha()
            or found[1][0].isupper()
        ):
            return None
        place = found.start()
    return None


def _with_quotes(text: str, start: int, end: int) -> tuple[int, int]:
    if start > 0 and end < len(text) and _QUOTES.get(text[start - 1]) == text[end]:
        return start - 1, end + 1
    return start, end


def _delete_clause(text: str, start: int, name: int, end: int) -> Edit:
    """Take a clause away with the comma or the bracket before it.

    Args:
        start: where the clause begins.
        name: where the name in it begins; a bracket behind that is the name's own.
        end: where the clause ends.
    """
    opened = next((place for place in range(start, name) if text[place] in "(["), None)
    if opened is not None and end < len(text) and text[end] in ")]":
        end += 1
    elif opened is not None:
        start = opened + 1
    return _delete(text, start, end, _CREDIT)


def _delete(text: str, start: int, end: int, reason: str) -> Edit:
    """Take a span away with what would be left over of the punctuation around it."""
    while start > 0 and text[start - 1] in " \t,;":
        start -= 1
    if start == 0:
        while end < len(text) and text[end] in " \t,;.":
            end += 1
    return Edit(start, end, text[start:end], "", reason)
