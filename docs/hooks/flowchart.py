"""Mermaid flowcharts of the pages as SVG in the page, since Mermaid's own program would come from the network."""

import re

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout

MERMAID = re.compile(r"```mermaid\n(.*?)```\n", re.DOTALL)
PART = re.compile(r"subgraph \w+ \[(.*?)\]\n(.*?)\bend\b", re.DOTALL)
HEIGHT, LETTER, GAP = 30, 8.4, 22  # pixels: of a box, of a letter, between boxes
EDGE, HEAD = 2, 7  # around the picture; of an arrow


class Box:
    """A node as grandalf lays it out, from top to bottom: width and height are exchanged, and `xy` is its centre."""

    def __init__(self, name: str):
        self.w, self.h = HEIGHT, LETTER * len(name) + 16
        self.xy = (0.0, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        """Across and down, in a picture from left to right."""
        return self.xy[1], self.xy[0]


def svg(text: str) -> str:
    """Return a picture of each `subgraph` of a flowchart from left to right, with its title above."""
    return "\n".join(f"**{title.capitalize()}**\n\n{_picture(body)}\n" for title, body in PART.findall(text))


def _picture(body: str) -> str:
    pairs = re.findall(r"(\w+) --> (\w+)", body)
    names = [name for pair in pairs for name in pair] + re.findall(r"^\s*(\w+)\s*$", body, re.MULTILINE)
    nodes = {name: Vertex(name) for name in dict.fromkeys(names)}
    for name, node in nodes.items():
        node.view = Box(name)
    graph = Graph(nodes.values(), [Edge(nodes[a], nodes[b]) for a, b in pairs])
    shapes, top, width = [], 0.0, 0.0
    for part in sorted(graph.C, key=lambda part: -len(part.sV)):
        layout = SugiyamaLayout(part)
        layout.xspace, layout.yspace = GAP, 2 * GAP
        layout.init_all()
        layout.draw()
        boxes = [node.view for node in part.sV]
        left = min(box.centre[0] - box.h / 2 for box in boxes) - EDGE
        up = min(box.centre[1] - HEIGHT / 2 for box in boxes) - top - EDGE
        arrows = "".join(_arrow(edge.v[0].view, edge.v[1].view) for edge in part.sE)
        rectangles = "".join(_box(node.view, node.data) for node in part.sV)
        shapes.append(f'<g transform="translate({-left:.0f} {-up:.0f})">{arrows}{rectangles}</g>')
        width = max(width, *(box.centre[0] + box.h / 2 - left + EDGE for box in boxes))
        top = max(box.centre[1] + HEIGHT / 2 - up for box in boxes) + GAP
    return (
        f'<div class="flowchart"><svg viewBox="0 0 {width:.0f} {top:.0f}" role="img">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z"/></marker></defs>{"".join(shapes)}</svg></div>'
    )


def _arrow(source: Box, target: Box) -> str:
    x, y = source.centre[0] + source.h / 2, source.centre[1]
    across, down = target.centre[0] - target.h / 2 - HEAD - x, target.centre[1] - y
    return f'<path d="M{x:.0f} {y:.0f}c{across / 2:.0f} 0 {across / 2:.0f} {down:.0f} {across:.0f} {down:.0f}"/>'


def _box(box: Box, name: str) -> str:
    x, y = box.centre
    return (
        f'<rect x="{x - box.h / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{box.h:.0f}" height="{HEIGHT}" rx="4"/>'
        f'<text x="{x:.0f}" y="{y + 5:.0f}">{name}</text>'
    )
