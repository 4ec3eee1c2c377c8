"""Rendered pages without anything that could run or load from elsewhere, whatever their authors wrote.

An allow-list over the finished HTML of a page, applied by ``nh3`` (Ammonia, on the parser of a browser): elements,
attributes and addresses that Markdown and the theme's extensions produce stay, everything else goes. Of styles the
properties stay that can neither load a file nor lift an element out of its place. Ids and attributes that the theme's
own scripts look for are not for pages to give.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator, MutableMapping
from functools import partial
from html.parser import HTMLParser
from typing import Any

import nh3

from kbtools.site.text import escape


def _words(text: str) -> set[str]:
    return set(text.split())


_MATH = _words(
    "math maction menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace "
    "msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics annotation"
)
_SHAPES = _words("svg g path circle ellipse line polygon polyline rect text")
_TAGS = {
    *_words("a abbr article aside audio b bdi bdo blockquote br button caption cite code col colgroup data dd del"),
    *_words("details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img input ins kbd label"),
    *_words("legend li main mark meter nav ol optgroup option output p pre progress q rp rt ruby s samp search"),
    *_words(
        "section select small source span strong sub summary sup table tbody td tfoot th thead time tr track u ul var"
    ),
    *("video", "wbr"),
    *_MATH,
    *_SHAPES,
}
_DROPPED_WHOLE = _words("script style template noscript iframe object embed xmp noembed noframes")
_EVERYWHERE = _words("class id title lang dir role style tabindex hidden translate")
_MATH_ATTRIBUTES = _words(
    "display displaystyle scriptlevel mathvariant mathcolor mathbackground stretchy symmetric fence separator form "
    "lspace rspace minsize maxsize accent accentunder largeop movablelimits linethickness width height depth voffset "
    "columnalign rowalign columnspacing rowspacing columnlines rowlines columnspan rowspan frame notation alttext "
    "encoding xmlns"
)
_SHAPE_ATTRIBUTES = _words(
    "viewBox xmlns width height d x y x1 y1 x2 y2 cx cy r rx ry points fill fill-rule fill-opacity clip-rule stroke "
    "stroke-width stroke-linecap stroke-linejoin stroke-dasharray stroke-opacity opacity transform "
    "preserveAspectRatio focusable"
)
_MEDIA = "src controls loop muted preload"
_ATTRIBUTES: dict[str, set[str]] = {
    "*": _EVERYWHERE,
    "a": _words("href hreflang name rel target download type"),
    "img": _words("src alt width height loading decoding align"),
    "input": _words("type name value checked disabled placeholder min max step autocomplete accept"),
    "button": _words("type disabled"),
    "label": {"for"},
    "output": {"for"},
    "select": _words("name disabled"),
    "option": _words("value selected disabled"),
    "optgroup": {"label"},
    "details": _words("open name"),
    "ol": _words("start type reversed"),
    "li": {"value"},
    "td": _words("align colspan rowspan headers"),
    "th": _words("align colspan rowspan headers scope abbr"),
    "col": {"span"},
    "colgroup": {"span"},
    "time": {"datetime"},
    "data": {"value"},
    "del": {"datetime"},
    "ins": {"datetime"},
    "meter": _words("value min max low high optimum"),
    "progress": _words("value max"),
    "audio": _words(_MEDIA),
    "video": _words(f"{_MEDIA} width height playsinline"),
    "source": _words("src type"),
    "track": _words("src kind srclang label default"),
    **dict.fromkeys(_MATH, _MATH_ATTRIBUTES),
    **dict.fromkeys(_SHAPES, _SHAPE_ATTRIBUTES),
}
_STYLES = _words(
    "color background-color opacity text-align vertical-align text-decoration text-transform text-indent white-space "
    "word-break font-size font-style font-weight font-variant line-height letter-spacing width height max-width "
    "max-height min-width min-height margin margin-top margin-right margin-bottom margin-left padding padding-top "
    "padding-right padding-bottom padding-left border border-color border-style border-width border-radius "
    "border-collapse display float clear overflow overflow-x overflow-y aspect-ratio gap columns flex flex-wrap "
    "align-items justify-content grid-column grid-row grid-template-columns"
)
_SCHEMES = _words("http https mailto tel data")  # data: only for pictures, see _filter

# What one look at sanitized HTML finds of attributes that need the slower look below. Within sanitized HTML values
# stand in double quotes; text may look like an attribute, and then the slower look changes nothing.
_SUSPECT = re.compile(
    r""" (?:
      (?:id|name)="(?!__(?:tabbed|code|codelineno|span|kb)[_-])__
    | data-md-
    | class="(?:[^"]*\s)?md-(?!button|tag\b|icon\b)
    | src="(?!(?:\.{1,2}/)*[^\s./\\:"][^:"\\\t\n\r]*")
    | href="\s*data:
    | type="(?:password|submit|image)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_OURS = re.compile(r"(?i)__(?:tabbed|code|codelineno|span|kb)[_-]")
_THEME_CLASS = re.compile(r"(?i)md-(?!button|tag$|icon$)")
_PICTURE = re.compile(r"(?i)data:image/(?:png|jpeg|gif|webp|avif|svg\+xml)[;,]")
_BLANKS = re.compile("[\x00-\x20]+")
_SCHEME = re.compile(r"(?i)[a-z][a-z0-9+.-]*:|[/\\]{2}")


def is_remote(address: str) -> bool:
    """Whether a browser would ask another machine for an address, by its form. ``data:`` addresses are not remote."""
    m = _SCHEME.match(_BLANKS.sub("", address))
    return m is not None and m[0].lower() != "data:"


def _filter(tag: str, attribute: str, value: str, remote: bool = False) -> str | None:
    if attribute in ("id", "name"):
        return None if value.startswith("__") and not _OURS.match(value) else value
    if attribute.startswith("data-md-"):
        return None
    if attribute == "class":
        return " ".join(name for name in value.split() if not _THEME_CLASS.match(name))
    if attribute == "src":
        if is_remote(value):
            return value if remote and tag == "img" else None
        is_data = _BLANKS.sub("", value)[:5].lower() == "data:"
        return value if not is_data or (tag == "img" and _PICTURE.match(value)) else None
    if attribute == "href":
        return None if _BLANKS.sub("", value)[:5].lower() == "data:" else value
    if tag == "input" and attribute == "type":
        return "text" if value.strip().lower() in ("password", "submit", "image") else value
    return value


_RULES: dict[str, Any] = {
    "tags": _TAGS,
    "clean_content_tags": _DROPPED_WHOLE,
    "attributes": _ATTRIBUTES,
    "generic_attribute_prefixes": {"data-", "aria-"},
    "url_schemes": _SCHEMES,
    "filter_style_properties": _STYLES,
    "link_rel": None,
}
_QUICK = nh3.Cleaner(**_RULES)
_THOROUGH = {
    remote: nh3.Cleaner(**_RULES, attribute_filter=partial(_filter, remote=remote)) for remote in (False, True)
}


def sanitize(html: str, *, remote_images: bool = False) -> str:
    """A fragment of HTML in which nothing runs, and that loads nothing from other machines but, if asked for, pictures.

    Idempotent. A second pass is made only where the first leaves a suspicion.
    """
    clean: str = _QUICK.clean(html)
    return _THOROUGH[remote_images].clean(clean) if _SUSPECT.search(clean) else clean


_TELLING = re.compile(r"(?i)<(?:script|iframe|object|embed|style|form|link|meta|base)\b|\bon[a-z]+\s*=|javascript:")
_NOT_PUBLISHED = _words("script iframe object embed style form link meta base")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.found is not None:
            return
        if tag in _NOT_PUBLISHED:
            self.found = f"<{tag}>"
            return
        for name, value in attrs:
            if name.startswith("on"):
                self.found = name
            elif value and _BLANKS.sub("", value).lower().startswith("javascript:"):
                self.found = "javascript:"


def removed(html: str) -> str | None:
    """The first thing in HTML that ``sanitize`` takes out and an author may have meant to have, for a message."""
    if not _TELLING.search(html):
        return None
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


def sanitize_contents(tokens: list[MutableMapping[str, Any]]) -> None:
    """The table of contents, in place: templates write its names and ids as they are."""
    for token in _walk(tokens):
        token["name"] = escape(entities.unescape(str(token.get("name", ""))))
        token["id"] = escape(str(token.get("id", "")))
        for key in ("html", "data-toc-label"):
            if token.get(key):
                token[key] = sanitize(str(token[key]))


def _walk(tokens: list[MutableMapping[str, Any]]) -> Iterator[MutableMapping[str, Any]]:
    waiting = list(tokens)
    while waiting:
        token = waiting.pop()
        waiting += token.get("children", ())
        yield token
