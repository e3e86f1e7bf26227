"""The ratios as a picture: one row per value, from what was measured to what is wanted. SVG by hand; its colours follow
the light or dark of whoever looks at it."""
import math
from html import escape

from rounds import shown

WIDTH, LEFT, RIGHT, ROW, TOP = 760, 150, 190, 34, 74
LOW, HIGH = 0.01, 100.0

LIGHT = {"paper": "#ffffff", "ink": "#1f2328", "soft": "#656d76", "line": "#d8dee4", "good": "#1a7f37",
         "way": "#9a6700", "bad": "#cf222e"}
DARK = {"paper": "#0d1117", "ink": "#e6edf3", "soft": "#8d96a0", "line": "#30363d", "good": "#3fb950",
        "way": "#d29922", "bad": "#f85149"}


def colours(of):
    return "".join(f".{name} {{ fill: {colour}; stroke: {colour}; }}\n" for name, colour in of.items())


STYLE = f"""
{colours(LIGHT)}@media (prefers-color-scheme: dark) {{
{colours(DARK)}}}
text[class] {{ font: 13px system-ui, "DejaVu Sans", sans-serif; stroke: none; }}
tspan[class] {{ stroke: none; }}
text.title {{ font-size: 16px; font-weight: 600; }} text.small {{ font-size: 12px; }}
.band {{ stroke-width: 6; stroke-linecap: round; opacity: 0.4; }} .limit {{ stroke-width: 2; }}
"""


def at(share):
    """Where on the line a share stands; 1 is the goal, and right of it is better."""
    share = min(max(share, LOW), HIGH)
    whole = WIDTH - LEFT - RIGHT
    return LEFT + whole * math.log(share / LOW) / math.log(HIGH / LOW)


def share_of(value, number):
    """How much of the goal is reached, 1 being all of it."""
    number = max(number, 1e-9)
    return number / value.goal if value.at_least else value.goal / number


def scale(bottom):
    parts = []
    for share in (0.01, 0.1, 1, 10, 100):
        name = {1: "goal"}.get(share, f"{share:g} x")
        parts.append(f'<line class="{"ink" if share == 1 else "line"}" x1="{at(share):.1f}" x2="{at(share):.1f}" '
                     f'y1="{TOP - 8}" y2="{bottom}"/>')
        parts.append(f'<text class="soft small" x="{at(share):.1f}" y="{TOP - 14}" text-anchor="middle">{name}</text>')
    return parts


def row(result, y):
    value, state = result.value, result.state()
    shares = [share_of(value, number) for number in result.ratios]
    unit = "" if result.base else f" {value.unit}"
    sign = "\N{GREATER-THAN OR EQUAL TO}" if value.at_least else "\N{LESS-THAN OR EQUAL TO}"
    parts = [f'<text class="ink" x="{LEFT - 14}" y="{y + 4}" text-anchor="end">{escape(value.title)}</text>']
    if value.way is not None:
        x = at(share_of(value, value.way))
        parts.append(f'<line class="soft limit" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 8}" y2="{y + 8}"/>')
    parts.append(f'<line class="{state} band" x1="{at(min(shares)):.1f}" x2="{at(max(shares)):.1f}" y1="{y}" y2="{y}"/>')
    parts.append(f'<circle class="{state}" cx="{at(share_of(value, result.middle())):.1f}" cy="{y}" r="5"/>')
    parts.append(f'<text class="ink" x="{WIDTH - RIGHT + 18}" y="{y + 4}">{shown(result.middle())}{escape(unit)} '
                 f'<tspan class="soft">{sign} {value.goal:g}</tspan></text>')
    return parts


def draw(results):
    rows = [result for result in results if result.value.goal is not None]
    bottom = TOP + ROW * len(rows)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 40}" role="img" '
             'aria-label="Measured against what is wanted">',
             f"<style>{STYLE}</style>", f'<rect class="paper" width="{WIDTH}" height="{bottom + 40}" rx="6"/>',
             '<text class="ink title" x="20" y="28">Measured against what is wanted</text>', *scale(bottom)]
    for number, result in enumerate(rows):
        parts += row(result, TOP + ROW * number + ROW // 2)
    parts.append(f'<text class="soft small" x="20" y="{bottom + 24}">dot: median of the rounds; band: smallest to largest; '
                 'tick: acceptable on the way; to the right is better</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"
