"""Sanitizes HTML: removes what could execute, load from other hosts, or imitate the site.

An allow-list applied by ``nh3`` (Ammonia, on html5ever, a browser's parser): harmless elements, attributes,
addresses and styles are kept, everything else is removed. Names used by scripts of the theme and of kb (ids
beginning with ``__``, ``md-…``, ``kb-…``) are reserved: kb writes its own with the prefix ``OWN``, which authors
cannot know, and ``settle`` replaces it by ``kb`` afterwards.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import nh3

from kbtools.site.html.text import escape
from kbtools.site.html.tree import Tree
from kbtools.text.svg import is_remote

OWN = f"kb{secrets.token_hex(8)}"
"""The prefix of kb's classes, ids and data attributes until the page is sanitized."""


def settle(html: str) -> str:
    """Sanitized HTML with kb's names as the site has them."""
    return html.replace(OWN, "kb")


def _words(text: str) -> set[str]:
    return set(text.split())


_MATH = _words(
    "math maction menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace "
    "msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics annotation"
)
_SHAPES = _words(
    "svg g path circle ellipse line polygon polyline rect text tspan defs symbol use linearGradient "
    "radialGradient stop clipPath"
)
_TAGS = {
    *_words("a abbr acronym address area article aside audio b bdi bdo big blink blockquote br button caption center"),
    *_words("cite code col colgroup data dd del details dfn dialog dir div dl dt em fieldset figcaption figure font"),
    *_words("footer h1 h2 h3 h4 h5 h6 header hgroup hr i img input ins kbd label legend li main map mark marquee menu"),
    *_words("meter nav nobr ol optgroup option output p picture pre progress q rb rp rt rtc ruby s samp search"),
    *_words("section select small source span strike strong sub summary sup table tbody td tfoot th thead time tr"),
    *_words("track tt u ul var video wbr autoref"),
    *_MATH,
    *_SHAPES,
}
_DROPPED_WHOLE = _words("script style template noscript iframe object embed xmp noembed noframes")
_EVERYWHERE = _words(
    "class id title lang dir role style tabindex hidden translate spellcheck itemid itemprop itemscope itemtype "
    "markdown align valign bgcolor border cellpadding cellspacing nowrap clear color face size hspace vspace "
    "compact noshade summary width height char charoff rules frame"
)
_MATH_ATTRIBUTES = _words(
    "display displaystyle scriptlevel mathvariant mathcolor mathbackground stretchy symmetric fence separator form "
    "lspace rspace minsize maxsize accent accentunder largeop movablelimits linethickness depth voffset "
    "columnalign rowalign columnspacing rowspacing columnlines rowlines columnspan rowspan notation alttext "
    "encoding xmlns"
)
_SHAPE_ATTRIBUTES = _words(
    "viewBox xmlns d x y x1 y1 x2 y2 cx cy r rx ry fx fy dx dy points fill fill-rule fill-opacity clip-rule clip-path "
    "stroke stroke-width stroke-linecap stroke-linejoin stroke-dasharray stroke-opacity opacity transform offset "
    "stop-color stop-opacity gradientUnits gradientTransform spreadMethod clipPathUnits text-anchor font-size "
    "font-family font-weight preserveAspectRatio focusable"
)
_MEDIA = "src controls loop muted preload"
_ATTRIBUTES: dict[str, set[str]] = {
    "*": _EVERYWHERE,
    "a": _words("href hreflang name rel target download type"),
    "area": _words("href alt coords shape target rel"),
    "map": {"name"},
    "img": _words("src srcset sizes alt loading decoding usemap ismap"),
    "input": _words("type name value checked disabled placeholder min max step autocomplete accept"),
    "button": _words("type disabled"),
    "label": {"for"},
    "output": {"for"},
    "select": _words("name disabled"),
    "option": _words("value selected disabled"),
    "optgroup": {"label"},
    "details": _words("open name"),
    "dialog": {"open"},
    "ol": _words("start type reversed"),
    "ul": {"type"},
    "li": _words("value type"),
    "blockquote": {"cite"},
    "q": {"cite"},
    "td": _words("abbr axis colspan rowspan headers"),
    "th": _words("axis colspan rowspan headers scope abbr"),
    "col": {"span"},
    "colgroup": {"span"},
    "time": {"datetime"},
    "data": {"value"},
    "del": _words("datetime cite"),
    "ins": _words("datetime cite"),
    "meter": _words("value min max low high optimum"),
    "progress": _words("value max"),
    "audio": _words(_MEDIA),
    "video": _words(f"{_MEDIA} playsinline poster"),
    "source": _words("src srcset sizes media type"),
    "track": _words("src kind srclang label default"),
    "autoref": _words("identifier optional hover slug backlink-type backlink-anchor"),
    **dict.fromkeys(_MATH, _MATH_ATTRIBUTES),
    **dict.fromkeys(_SHAPES, _SHAPE_ATTRIBUTES),
    "use": {*_SHAPE_ATTRIBUTES, "href"},
}
_STYLES = _words(
    "color background-color background opacity text-align vertical-align text-decoration text-transform text- "
    "indent white-space word-break overflow-wrap font font-family font-size font-style font-weight font-variant "
    "line-height letter-spacing width height max-width max-height min-width min-height margin margin-top margin- "
    "right margin-bottom margin-left padding padding-top padding-right padding-bottom padding-left border border- "
    "color border-style border-width border-top border-right border-bottom border-left border-radius border- "
    "collapse border-spacing display float clear overflow overflow-x overflow-y aspect-ratio object-fit gap row- "
    "gap column-gap columns column-count flex flex-wrap flex-direction flex-grow flex-shrink flex-basis order "
    "align-items align-self justify-content justify-items grid-column grid-row grid-template-columns list-style "
    "list-style-type table-layout box-sizing page-break-after page-break-before break-after break-before break- "
    "inside"
)
_SCHEMES = _words("http https mailto tel data")  # data: only for pictures, see _filter

# Finds attributes in sanitized HTML that need the slower check below. In sanitized HTML, values are in double
# quotes; text may look like an attribute, but then the slower check changes nothing.
_SUSPECT = re.compile(
    rf""" (?:
      (?:id|name)="(?!__(?:tabbed|code|codelineno|span)[_-]|__(?-i:{OWN}))__
    | data-(?:md|kb|clipboard)
    | style="
    | class="(?:[^"]*\s)?(?:md-(?!button|tag\b|icon\b)|kb(?!(?-i:{OWN[2:]})))
    | (?:src|poster|background)="(?!(?:\.{{1,2}}/)*[^\s./\\:"][^:"\\\t\n\r]*")
    | srcset="
    | (?:fill|stroke|clip-path|marker|mask|filter)="[^"]*(?:\(|\\)
    | <use\s
    | href="\s*data:
    | type="(?:password|submit|image)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_THEMES = re.compile(r"(?i)__(?:tabbed|code|codelineno|span)[_-]")
_RESERVED_CLASS = re.compile(rf"(?i)(?:md-(?!button|tag$|icon$)|kb(?:-|$)|kb(?!{OWN[2:]})[0-9a-f]{{16}})")
_RESERVED_DATA = re.compile(r"(?i)data-(?:md-|kb-|kb$|clipboard-)")
_PICTURE = re.compile(r"(?i)data:image/(?:png|jpeg|gif|webp|avif|svg\+xml)[;,]")
_BLANKS = re.compile("[\x00-\x20]+")


# -- Styles -----------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"(-?)(\d*\.?\d+(?:e[+-]?\d+)?)\s*(%|[a-z]*)")
_EM = {"em": 1.0, "rem": 1.0, "ex": 0.5, "ch": 0.5, "ic": 1.0, "lh": 1.5, "rlh": 1.5, "px": 1/16, "pt": 1/12,
       "pc": 1.0, "in": 6.0, "cm": 2.4, "mm": 0.24, "q": 0.06, "": 1.0, "%": 0.01, "deg": 0.0, "fr": 0.0}  # fmt: skip
_SMALL = re.compile(
    r"padding|border(?!-(?:collapse|color|style))|font(?!-(?:family|style|weight|variant))|letter|line-"
)
_MOST = 8.0
"""Maximum size of inner spaces, borders and letters, in lines of body text: larger ones would cover the text around."""
_WIDEST = re.compile(r"(?:min-)?width\b|flex-basis")
_REPLACED = _words("img video svg hr td th tr table col meter progress input")


def _style(tag: str, style: str) -> str:
    """The declarations that keep an element within its place, with those added that make it stay there."""
    kept: dict[str, str] = {}
    written = 0
    for declaration in filter(None, map(str.strip, style.split(";"))):
        written += 1
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if colon and name in _STYLES and _is_harmless(name, value.lower()):
            kept[name] = value
    whole = len(kept)
    if tag not in _REPLACED:
        if {"height", "max-height"} & kept.keys() and not {"overflow", "overflow-y"} & kept.keys():
            kept["overflow"] = "hidden"  # content higher than its frame would cover what follows
        if any(map(_WIDEST.match, kept)):
            kept.setdefault("max-width", "100%")
    if written == whole == len(kept):
        return style
    return ";".join(f"{name}:{value}" for name, value in kept.items())


def _is_harmless(name: str, value: str) -> bool:
    if re.search(r"[\\@<>]|url|image|expression|cross-fade|element\(|attr\(|env\(|!", value):
        return False
    is_colour = "color" in name or name == "background"
    if not is_colour and re.search(r"calc|var\(|min\(|max\(|clamp", value):
        return False
    if is_colour:
        return True
    if name == "opacity":
        return bool(re.fullmatch(r"1(?:\.0*)?|0?\.[3-9]\d*", value))
    if name in ("overflow", "overflow-x", "overflow-y"):
        return value in ("auto", "hidden", "scroll", "clip")
    small = _SMALL.match(name)
    for sign, number, unit in _NUMBER.findall(re.sub(r"#[0-9a-f]+|rgba?\([^)]*\)|hsla?\([^)]*\)", "", value)):
        if sign and float(number):
            return False
        if small and float(number) * _EM.get(unit, 100.0) > _MOST:
            return False
    return not (name == "line-height" and re.match(r"0|\.", value))


# -- Attributes -------------------------------------------------------------------------------------------------------


def _filter(tag: str, attribute: str, value: str, remote: bool = False) -> str | None:
    if attribute in ("id", "name"):
        reserved = value.startswith("__") and not _THEMES.match(value) and not value.startswith(f"__{OWN}")
        return None if reserved else value
    if attribute == "class":
        return " ".join(name for name in value.split() if not _RESERVED_CLASS.match(name))
    if attribute == "style":
        return _style(tag, value) or None
    if attribute.startswith("data-"):
        return None if _RESERVED_DATA.match(attribute) else value
    if attribute in ("src", "poster"):
        if is_remote(value):
            return value if remote and tag == "img" else None
        is_data = _BLANKS.sub("", value)[:5].lower() == "data:"
        return value if not is_data or (tag == "img" and _PICTURE.match(value)) else None
    if attribute == "srcset":
        elsewhere = any(is_remote(part) or "data:" in part.lower() for part in value.split(","))
        return value if remote or not elsewhere else None
    if attribute == "href":
        if tag == "use":
            return value if value.startswith("#") else None
        return None if _BLANKS.sub("", value)[:5].lower() == "data:" else value
    if tag in _SHAPES and ("\\" in value or re.search(r"(?i)(?:url|image|src)\s*\((?!\s*#)", value)):
        return None
    if tag == "input" and attribute == "type":
        return "text" if value.strip().lower() in ("password", "submit", "image") else value
    return value


_RULES: dict[str, Any] = {
    "tags": _TAGS,
    "clean_content_tags": _DROPPED_WHOLE,
    "attributes": _ATTRIBUTES,
    "generic_attribute_prefixes": {"data-", "aria-"},
    "url_schemes": _SCHEMES,
    "link_rel": None,
    "strip_comments": True,
}
_QUICK = nh3.Cleaner(**_RULES)
_THOROUGH = {
    remote: nh3.Cleaner(**_RULES, attribute_filter=partial(_filter, remote=remote)) for remote in (False, True)
}


DEEPEST = 1000
"""Maximum nesting of elements. Parsers take time quadratic in the depth."""
_NESTING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)[^<>]*")
_NEVER_DEEP = _words(
    "p li dt dd td th tr tbody thead tfoot colgroup option area base br col embed hr img input link meta param source "
    "track wbr"
)


def is_too_deep(html: str) -> bool:
    """Whether elements may nest deeper than ``DEEPEST``: start tags without an end tag count."""
    if html.count("<") <= DEEPEST:
        return False
    depth = 0
    for m in _NESTING.finditer(html):
        if m[2].lower() in _NEVER_DEEP or m[0].endswith("/"):
            continue
        depth += -1 if m[1] else 1
        if depth > DEEPEST:
            return True
        depth = max(depth, 0)
    return False


def is_allowed(tag: str) -> bool:
    """Whether an element with this name is kept."""
    return tag in _TAGS


def sanitize(html: str, *, remote_images: bool = False) -> str:
    """A fragment of HTML in which nothing is executed and that loads nothing from other hosts but, optionally,
    pictures. Idempotent.

    A second pass is made only if the first leaves something suspicious. HTML with excessive nesting becomes text.
    """
    if is_too_deep(html):
        html = str(escape(html))
    clean: str = _QUICK.clean(html)
    return _THOROUGH[remote_images].clean(clean) if _SUSPECT.search(clean) else clean


# -- What was taken out -----------------------------------------------------------------------------------------------

_TELLING = re.compile(
    r"(?i)<(?!/|(?:p|a|em|strong|code|pre|span|div|li|ul|ol|h[1-6]|table|thead|tbody|tr|th|td|br|hr|img|sup|sub|del|ins|kbd"
    r"|dl|dt|dd|blockquote|details|summary|figure|figcaption|input|label|section|nav|aside|abbr|mark|small|b|i|u|s|time)\b)[a-z]"
    r"|\s(?:on[a-z]+|style|srcset|srcdoc|formaction|data-(?:md|kb|clipboard)[a-z-]*)\s*="
    r"|(?:javascript|vbscript|data)\s*:|src\s*=\s*[\"']?\s*(?:https?:)?//|class=\"(?:[^\"]*\s)?(?:md-|kb-)"
    rf"|id=\"__(?!(?-i:{OWN}))"
)


def removed(before: str, after: str) -> Iterator[tuple[str, str]]:
    """The elements and attributes that ``sanitize`` removed: as words for a message, and as they may be written in a
    page. Parts of an element that was removed as a whole are not listed."""
    if not _TELLING.search(before):
        return
    old, new = _content(before), _content(after)
    for (tag, attribute, value), count in (old - new).items():
        if attribute and (old - new)[tag, "", ""]:
            continue  # its element is reported
        for _ in range(count):
            if not attribute:
                yield f"<{tag}>", f"<{tag}"
            elif attribute == "style":
                yield f'style "{value}" of <{tag}>', value.partition(":")[0]
            elif attribute == "class":
                yield f'class "{value}" of <{tag}>', value
            else:
                shown = f'{attribute}="{value[:60]}"' if value else attribute
                yield f"{shown} of <{tag}>", attribute if attribute.startswith("on") else value[:40] or attribute


_DOCUMENT = frozenset(("html", "head", "body"))


def _content(html: str) -> Counter[tuple[str, str, str]]:
    """Elements of a fragment as ``(tag, "", "")``, and separately their attributes, styles and classes."""
    out: Counter[tuple[str, str, str]] = Counter()
    dropped_up_to = 0
    for element in Tree(html).elements:
        tag = element.name
        if element.start < dropped_up_to or tag in _DOCUMENT:
            continue
        out[tag, "", ""] += 1
        for name in element.written:
            text = element.get(name) or ""
            if name == "style":
                for declaration in filter(None, map(str.strip, text.lower().split(";"))):
                    key, _, rest = declaration.partition(":")
                    out[tag, name, f"{key.strip()}: {rest.strip()}"] += 1
            elif name == "class":
                out.update((tag, name, word) for word in text.split())
            else:
                out[tag, name, text] += 1
        if tag in _DROPPED_WHOLE:
            dropped_up_to = element.end
    return out
