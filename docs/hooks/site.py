"""What the site adds to the pages of docs/: the reference, notebooks, pages of other folders, a run's report.

Pages stay as GitHub shows them; links that leave docs/ are rewritten here.
"""

import logging
import posixpath
import re
from pathlib import Path

import notebooks
import reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

OUTSIDE = {  # pages by the file outside docs/ that a link leads to
    "README.md": "README.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    "data/README.md": "data-folder.md",
    "results/README.md": "results-folder.md",
}
SOURCES = {page: path for path, page in OUTSIDE.items() if page != "README.md"}
REPORT = Path("results/report/index.html")
DEMO = """# A finished run

The [report](report.md) of a run is one page that works without a network: results with intervals, pairs of methods,
learning curves, every clip's way through the stages, provenance.

"""
LINK = re.compile(
    r"(?<!!)\[(?P<text>(?:[^][]|\[[^]]*\])*)\]\((?!https?:|mailto:|#)(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]+)?\)"
)
BLOCK = re.compile(r"(?<=\n\n)(?: {4}.*\n(?:\n(?= {4}))*)+")  # indented code
LANGUAGES = {">>> ": "pycon", **dict.fromkeys(("make ", "microexpr ", "snakemake ", "dvc ", "pip "), "bash")}
log = logging.getLogger("mkdocs.hooks.site")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name headings as GitHub does, so that links to them work in both places."""
    config.mdx_configs["toc"]["slugify"] = lambda title, _: re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not files of docs/, and replace notebooks by pages."""
    pages: dict[str, str | bytes] = {**reference.pages()}
    pages |= {page: Path(path).read_text(encoding="utf-8") for page, path in SOURCES.items()}
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        files.remove(file)
        pages |= notebooks.pages(Path(file.abs_src_path), file.src_uri.removesuffix(".ipynb"))
    if REPORT.exists():
        pages |= {"demo.md": f"{DEMO}[Open the report](report/index.html){{ .md-button }}\n"}
        files.append(File("report/index.html", "results", config.site_dir, config.use_directory_urls))
    else:
        pages |= {"demo.md": f"{DEMO}Here it is missing: `snakemake --cores all {REPORT}`, then `make docs`.\n"}
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite links and indented commands of a page."""
    if page.is_homepage:
        page.meta["hide"] = ["navigation"]
    folder = posixpath.dirname(SOURCES.get(page.file.src_uri, f"docs/{page.file.src_uri}"))

    def link(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, match["path"]))
        target = OUTSIDE.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        if target is None:
            log.warning("%s: no page of the site has the link's file %s", page.file.src_uri, path)
            return match[0]
        target = posixpath.relpath(re.sub(r"\.ipynb$", ".md", target), posixpath.dirname(page.file.src_uri) or ".")
        return f"[{match['text']}]({target}{match['anchor'] or ''})"

    return BLOCK.sub(_fenced, LINK.sub(link, markdown))


def _fenced(match: re.Match[str]) -> str:
    """Return an indented block of commands as a fenced one, which is highlighted."""
    block = match[0]
    for prompt, language in LANGUAGES.items():
        if block[4:].startswith(prompt):
            lines = [line[4:] for line in block.rstrip().splitlines()]
            return "\n".join([f"```{language}", *lines, "```", ""])
    return block
