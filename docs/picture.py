#!/usr/bin/env python3
"""Makes docs/demo.svg, the picture in README: the demo is run as a person runs it, on a terminal; what stood there is drawn
beside the window that was worked. As root: docs/picture.py STAGE, the folder the programs were staged in."""

import base64
import html
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ORDER = "1042"
COLUMNS, SIZE, LINE, EDGE = 82, 12, 17, 14
WIDTH = COLUMNS * SIZE * 0.6
TONES = {"1": "font-weight='bold' fill='#ffffff'", "2": "fill='#8a93a3'", "31": "fill='#ff7b72'", "32": "fill='#7ee787'"}


def run_demo(stage, home):
    """What the demo writes to its terminal; it ends after the first press."""
    near, far = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": home, "HOSTLER_DEMO_HOME": home, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    child = subprocess.Popen(["sh", os.path.join(TOP, "conf/demo.sh"), stage, ORDER], stdin=far, stdout=far, stderr=far,
                             env=environment, start_new_session=True)
    os.close(far)
    said = b""
    asked = False
    while True:
        try:
            part = os.read(near, 65536)
        except OSError:
            break
        said += part
        if b"ends the demo:" in said and not asked:
            asked = True
            os.write(near, b"\n")
    if child.wait() != 0:
        sys.exit("the demo failed:\n" + said.decode(errors="replace"))
    return said.decode().replace("\r", "")


def plain(line):
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def story(said):
    """The press, what followed, how it ended, and what it left in the ledger."""
    lines = said.split("\n")
    begin = next(i for i, line in enumerate(lines) if plain(line).startswith("#") and "order-total" in line)
    end = next(i for i, line in enumerate(lines) if i > begin and "order-total: " in plain(line))
    total = [line for line in lines[end:] if re.match(r"  outputs     total = ", plain(line))]
    ledger = lines[next(i for i, line in enumerate(lines) if "ledger now ends with" in line) + 1]
    return [f"\x1b[1m$ hostler press order --input number={ORDER} --wait\x1b[0m", *lines[begin:end + 1], *total, "",
            "\x1b[1m$ tail -n 1 ledger.csv\x1b[0m", ledger]


def chunks(png):
    at = 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        yield kind, png[at + 8:at + 8 + length]
        at += length + 12


def rows_of(png):
    """The rows of a picture with 8 bits for each of red, green and blue, which is what drivers take."""
    width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", dict(chunks(png))[b"IHDR"])
    if (depth, colours, interlaced) != (8, 2, 0):
        sys.exit("the picture of the window has another form than this script reads")
    data = zlib.decompress(b"".join(body for kind, body in chunks(png) if kind == b"IDAT"))
    before = bytearray(width * 3)
    for y in range(height):
        start = y * (width * 3 + 1)
        row = bytearray(data[start + 1:start + 1 + width * 3])
        for i in range(len(row)):
            left, up, corner = (row[i - 3] if i > 2 else 0), before[i], (before[i - 3] if i > 2 else 0)
            guess = (0, left, up, (left + up) // 2, min((left, up, corner), key=lambda v: abs(left + up - corner - v)))
            row[i] = (row[i] + guess[data[start]]) & 255
        before = row
        yield row


def window_of(png):
    """The picture cut to what is not black: the window. As PNG, with its width and height."""
    rows = [bytes(row) for row in rows_of(png)]
    used = [y for y, row in enumerate(rows) if any(row)]
    left = min(next(i for i, byte in enumerate(rows[y]) if byte) for y in used) // 3
    right = max(len(rows[y].rstrip(b"\0")) for y in used) // 3 + 1
    cut = [rows[y][left * 3:right * 3] for y in range(used[0], used[-1] + 1)]

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    made = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", right - left, len(cut), 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in cut), 9)) + chunk(b"IEND", b"")
    return made, right - left, len(cut)


def drawn(line, y):
    """A line of the terminal with its colours; what is too long for the picture ends in an ellipsis."""
    tone, column, spans = "", 0, []
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b"):
            tone = TONES.get(piece[2:-1], "")
        elif piece and column < COLUMNS:
            text = piece if column + len(piece) <= COLUMNS else piece[:COLUMNS - column - 1] + "…"
            spans.append(f"<tspan {tone}>{html.escape(text)}</tspan>")
            column += len(piece)
    return f"<text x='{EDGE}' y='{y}' xml:space='preserve'>{''.join(spans)}</text>"


def picture(lines, png):
    window, width, height = window_of(png)
    text_height = len(lines) * LINE + 2 * EDGE
    total = max(text_height, height + 2 * EDGE)
    body = "\n".join(drawn(line, EDGE + LINE * (i + 1) - 5) for i, line in enumerate(lines))
    whole = WIDTH + 3 * EDGE + width
    return f"""<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {whole:.0f} {total}' width='{whole:.0f}' height='{total}' role='img'>
<title>A press of a button is followed to its end; beside it the calculator that the desktop flow worked</title>
<rect width='100%' height='100%' rx='8' fill='#0d1117'/>
<g font-family='ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace' font-size='{SIZE}' fill='#d6dde6'>
{body}
</g>
<image x='{WIDTH + 2 * EDGE:.0f}' y='{(total - height) // 2}' width='{width}' height='{height}' href='data:image/png;base64,{base64.b64encode(window).decode()}'/>
</svg>
"""


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: docs/picture.py STAGE, such as build/stage/usr/local; as root")
    with tempfile.TemporaryDirectory(prefix="hostler-picture-", dir="/var/tmp") as home:
        os.chmod(home, 0o755)
        said = run_demo(os.path.abspath(sys.argv[1]), home)
        with open(next(word for word in plain(said).split() if word.endswith("/end.png")), "rb") as file:
            png = file.read()
    with open(os.path.join(TOP, "docs/demo.svg"), "w", encoding="utf-8") as file:
        file.write(picture(story(said), png))


if __name__ == "__main__":
    main()
