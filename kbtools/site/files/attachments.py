"""Attachments: which files of a vault are published, and at which addresses.

Files are published by an allow-list of endings, and never in the place of the theme's, the site's or kb's own. A
picture in SVG loses what could run or load from elsewhere; one without any of it is published byte for byte. ``img``
elements run nothing of an SVG; opening its address does.
"""

from __future__ import annotations

import logging
import re
import unicodedata
import warnings
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.utils import markdown_extensions

from kbtools.text.svg import Cleaned, check_xml, clean_svg

log = logging.getLogger("mkdocs.plugins.kbtools")

FILES = frozenset(
    """
    .png .jpg .jpeg .gif .webp .avif .apng .ico .bmp .tif .tiff .heic .svg .mp3 .ogg .oga .opus .wav .flac .m4a
    .aac .mid .mp4 .m4v .webm .ogv .mov .mkv .vtt .srt .woff .woff2 .ttf .otf .eot .pdf .epub .djvu .ps .txt .md
    .rst .adoc .org .tex .bib .log .diff .patch .csv .tsv .json .jsonl .ndjson .geojson .json5 .yaml .yml .toml
    .ini .cfg .conf .env .properties .xml .rss .atom .gpx .kml .doc .docx .xls .xlsx .ppt .pptx .odt .ods .odp
    .rtf .pages .numbers .key .drawio .excalidraw .canvas .base .puml .dot .mmd .zip .gz .tgz .bz2 .xz .zst .tar
    .7z .rar .whl .jar .npz .npy .pt .pth .safetensors .onnx .parquet .feather .arrow .h5 .hdf5 .mat .db .sqlite
    .pkl .stl .obj .gltf .glb .step .dxf .dwg .blend .psd .ai .sketch .fig .py .pyi .ipynb .c .h .cc .cpp .hpp
    .cu .rs .go .java .kt .swift .rb .php .pl .lua .r .jl .m .scala .hs .ml .ex .exs .erl .clj .lisp .el .vim
    .ts .tsx .jsx .vue .css .scss .sass .less .js .mjs .cjs .map .wasm .glsl .sh .bash .zsh .fish .ps1 .bat .sql
    .graphql .proto .tf .nix .asm .s .v .vhd .f90 .cs .fs .dart .zig .nim .ics .vcf .eml .webmanifest .asc .sig
    .pem .crt .pub .inv .lock .template .example .mdx .markdown .qmd .rmd
    """.split()  # noqa: SIM905
)
"""Endings of files that are safe to open by address, because browsers execute nothing in them. SVG and XML are
inspected."""
PLAIN = frozenset(
    """
    license licence copying notice readme authors contributors changelog makefile dockerfile codeowners version
    procfile gemfile rakefile
    """.split()  # noqa: SIM905
)
"""Text files whose names have no ending."""
CONTROL = frozenset(
    """
    cname _headers _redirects robots.txt web.config netlify.toml vercel.json staticwebapp.config.json now.json
    firebase.json ads.txt app-ads.txt security.txt _worker.js _routes.json wrangler.toml crossdomain.xml
    clientaccesspolicy.xml apple-app-site-association assetlinks.json .htaccess
    """.split()  # noqa: SIM905
)
"""Files that configure the web host or crawlers."""


def _ending(name: str) -> str:
    base = name.rpartition("/")[2]
    return base[base.rfind(".") :].lower() if "." in base else ""


def clean(name: str, content: Callable[[], bytes]) -> Cleaned | None:
    """The content to publish for a file, by its name; None if it can be published unchanged."""
    ending = _ending(name)
    if not ending and name.rpartition("/")[2].lower() in PLAIN | CONTROL:
        return None
    if ending not in FILES and name.rpartition("/")[2].lower() not in CONTROL:
        what = f"files that end in {ending}" if ending else "files without an ending"
        return Cleaned(None, (f"{what} are not known to be harmless",))
    if ending == ".svg":
        return clean_svg(content())
    return check_xml(content()) if ending in (".xml", ".rss", ".atom", ".gpx", ".kml") else None


def withheld(vault: Path, templates: Path | None = None) -> Iterator[str]:
    """Paths of files in a vault that would not be published unchanged, and of files that configure web hosts.
    ``templates`` is the folder of theme templates in the vault."""
    for file in sorted(vault.rglob("*")):
        path = file.relative_to(vault).as_posix()
        is_hidden = path.startswith(".") or "/." in path or path.startswith("templates/")  # not published by MkDocs
        if is_hidden or file.suffix.lower() in markdown_extensions or file.is_symlink() or not file.is_file():
            continue
        if templates is not None and file.is_relative_to(templates):
            continue
        cleaned = clean(path, file.read_bytes)
        if file.name.lower() in CONTROL or (cleaned is not None and cleaned.removed):
            yield path


def publish(files: Files, config: MkDocsConfig, trusted: Sequence[str], owned: Iterable[str]) -> None:
    """Excludes files of the wiki that must not be published. Files that globs in ``trusted`` match are unchanged, as
    are files named in ``mkdocs.yml``. ``owned`` are the paths of files that kb writes; these and the theme's files
    are never replaced."""
    docs = Path(config.docs_dir).resolve()
    from_docs = cache(lambda folder: Path(folder).resolve() == docs)
    themes = [Path(folder) for folder in config.theme.dirs if Path(folder).is_dir()]
    tops = [(base, {_key(entry.name) for entry in base.iterdir()}) for base in themes]
    named = _named(config)
    kept = {_key(path) for path in owned} | {_key(name) for name in config.theme.static_templates}
    folders = {key[: m.start()] for key in kept for m in re.finditer("/", key)}
    for file in list(files):
        path = file.src_uri
        is_own = file.src_dir is not None and from_docs(file.src_dir)
        if not is_own or file.inclusion == InclusionLevel.EXCLUDED:
            continue
        if any(fnmatchcase(path, glob) for glob in trusted):
            continue
        way = f"name it to publish it, if you trust its author: active_files: [{path}] on the plugin kbtools"
        place = _key(file.dest_uri)
        theme_file: File | None = None if path in named else _theme_file(config, tops, file.dest_uri)
        if theme_file is not None or place in kept or place in folders or _is_below(place, kept):
            if file.is_documentation_page() and theme_file is None:
                raise PluginError(f"{path}: its place on the site, {file.dest_uri}, is needed for the site itself")
            files.remove(file)
            log.warning("%s is not published: %s is a file of the site itself; %s", path, file.dest_uri, way)
            if theme_file is not None and files.get_file_from_path(theme_file.src_uri) is None:
                files.append(theme_file)
            continue
        if file.is_documentation_page() or path in named:
            continue
        if file.name.lower() in CONTROL or path.rpartition("/")[2].lower() in CONTROL:
            log.warning(
                "%s is published, and the site's host may obey it; if that is meant, name it: "
                "active_files: [%s] on the plugin kbtools",
                path,
                path,
            )
        cleaned = clean(path, lambda file=file: file.content_bytes)  # type: ignore[misc]
        if cleaned is None or cleaned.content == file.content_bytes:
            continue
        files.remove(file)
        told = ", ".join(cleaned.removed)
        if cleaned.content is None:
            is_template = any(Path(file.abs_src_path or "").is_relative_to(folder) for folder in config.theme.dirs)
            level = logging.INFO if is_template else logging.WARNING  # used by the theme only, not opened by readers
            log.log(level, "%s is not published: %s; %s", path, told, way)
            continue
        files.append(File.generated(config, path, content=cleaned.content))
        if told:
            log.warning("%s is published without what a browser could run or load (%s); %s", path, told, way)


def collisions(files: Files) -> None:
    """Reports pages and files with conflicting paths: equal paths, or a file in place of a folder. Raises
    PluginError."""
    places: dict[str, File] = {}
    for file in files:
        if file.inclusion != InclusionLevel.EXCLUDED:
            other = places.setdefault(_key(file.dest_uri), file)
            if other is not file and file.dest_uri != other.dest_uri:
                raise PluginError(
                    f"{file.src_uri} and {other.src_uri} differ in the case of their letters alone: on many systems"
                    " they are one file; rename one"
                )
    for key, file in places.items():
        for m in re.finditer("/", key):
            taken = places.get(key[: m.start()])
            if taken is not None:
                raise PluginError(
                    f"{file.src_uri} cannot be published beside {taken.src_uri}: the site needs {taken.dest_uri} as a"
                    " folder and as a file; rename one"
                )


def _key(path: str) -> str:
    """Paths with equal keys are the same file on some file system."""
    return unicodedata.normalize("NFC", path).casefold()


def _is_below(place: str, kept: Container[str]) -> bool:
    return any(place[: m.start()] in kept for m in re.finditer("/", place))


def _named(config: MkDocsConfig) -> set[str]:
    """Files that the wiki's owner names in ``mkdocs.yml``."""
    found: list[object] = [*config.extra_css, *config.extra_javascript]
    with warnings.catch_warnings():  # otherwise defaults of the theme cannot be distinguished from the owner's settings
        warnings.simplefilter("ignore", DeprecationWarning)
        configs = config.user_configs
    for written in configs:
        theme = written.get("theme")
        found += [theme.get("favicon"), theme.get("logo")] if isinstance(theme, dict) else []
    return {str(name).lstrip("/") for name in found if name}


def _theme_file(config: MkDocsConfig, tops: Iterable[tuple[Path, Container[str]]], path: str) -> File | None:
    """The theme's own file for a path. ``tops`` are the theme's folders, each with its direct entries."""
    wanted = _key(path)
    for base, top in tops:
        if wanted.partition("/")[0] not in top:
            continue
        if (base / path).is_file():
            return File(path, str(base), config.site_dir, config.use_directory_urls)
        for found in base.rglob("*"):
            if _key(found.relative_to(base).as_posix()) == wanted and found.is_file():
                name = found.relative_to(base).as_posix()
                return File(name, str(base), config.site_dir, config.use_directory_urls)
    return None
