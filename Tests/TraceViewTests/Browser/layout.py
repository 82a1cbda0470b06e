"""Checks what the page looks like at 1280 pixels, in the light and in the dark.

    layout.py TRACECTL TRACE [--write] [--pictures DIRECTORY]

Each view is reduced to 32 times 20 blocks, whose brightness is compared with that in pictures.txt,
with a tolerance: fonts differ between machines, but not where things are. Boxes of the document are
checked, too: nothing lies over anything else or out of the window, and text can be read.
--write, or VIEW_PICTURES=write in the environment, writes pictures.txt anew.
"""

import argparse
import base64
import os

import browser
from browser import TABS, Page, check

COLUMNS, ROWS = 32, 20
# A block may differ by two of sixteen shades; so many blocks may differ more, and so much all do.
SHADES, OUTLIERS, MEAN = 2, 0.08, 0.9
STORED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures.txt")

BLOCKS = """
const [source, columns, rows, done] = arguments;
const image = new Image();
image.onload = () => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const sums = new Float64Array(columns * rows), counts = new Float64Array(columns * rows);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      const block = Math.floor(y * rows / image.height) * columns
        + Math.floor(x * columns / image.width);
      const i = (y * image.width + x) * 4;
      sums[block] += 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
      counts[block]++;
    }
  }
  done([...sums].map((sum, i) => Math.min(15, Math.floor(sum / counts[i] / 16))));
};
image.src = source;
"""

BOXES = """
const seen = (e) => e && !e.hidden && e.getClientRects().length > 0;
const box = (e) => { const r = e.getBoundingClientRect();
  return [r.left, r.top, r.right, r.bottom]; };
const parts = ['header.bar', '#overview', '#tabs', '#panel'];
return {
  width: innerWidth, height: innerHeight,
  scroll: document.scrollingElement.scrollWidth,
  parts: Object.fromEntries(parts.map((p) => [p, box(document.querySelector(p))])),
  tabs: [...document.querySelectorAll('[role=tab]')].filter(seen).map(box),
  controls: [...document.querySelectorAll('header.bar > *, #tabs > *, #panel > .tools > *')]
    .filter(seen).map((e) => [e.textContent.slice(0, 20) || e.className || e.tagName, box(e)]),
};
"""

# Contrast of the text of elements with the nearest background that is not transparent (WCAG 2).
CONTRAST = """
const parse = (c) => (c.match(/[\\d.]+/g) ?? []).map(Number);
const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255;
  return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = (e) => { for (; e; e = e.parentElement) {
  const c = parse(getComputedStyle(e).backgroundColor);
  if (c.length === 3 || c[3] > 0.9) return c;
} return [255, 255, 255]; };
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let n = walker.nextNode(); n && found.length < 3000; n = walker.nextNode()) {
  const e = n.parentElement;
  if (!n.data.trim() || !e.getClientRects().length || e.closest('[disabled], option')) continue;
  const style = getComputedStyle(e);
  if (style.visibility === 'hidden') continue;
  const [a, b] = [light(parse(style.color)), light(behind(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 3.6) found.push(`${n.data.trim().slice(0, 30)} (${e.className}): ${ratio.toFixed(1)}`);
}
return found;
"""


def blocks(page):
    """Brightness of the blocks of the window, in sixteen shades."""
    picture = base64.b64encode(page.driver.get_screenshot_as_png()).decode()
    address = page.driver.current_url
    page.driver.get("about:blank")
    shades = page.driver.execute_async_script(
        BLOCKS, "data:image/png;base64," + picture, COLUMNS, ROWS)
    page.driver.get(address)
    return shades


def stored():
    pictures, name = {}, None
    if os.path.exists(STORED):
        with open(STORED) as file:
            for line in file.read().splitlines():
                if line.startswith("#") or not line:
                    continue
                if line.startswith(" "):
                    pictures[name] += [int(c, 16) for c in line.strip()]
                else:
                    name = line
                    pictures[name] = []
    return pictures


def write(pictures):
    with open(STORED, "w") as file:
        file.write("# Brightness of the page's blocks, 0 to f, written by layout.py --write.\n")
        for name, shades in pictures.items():
            file.write(f"\n{name}\n")
            for row in range(ROWS):
                line = shades[row * COLUMNS:(row + 1) * COLUMNS]
                file.write("  " + "".join(f"{shade:x}" for shade in line) + "\n")


def looks_as_stored(name, shades, known):
    if known is None:
        return check(False, f"{name} is in pictures.txt")
    differences = [abs(a - b) for a, b in zip(shades, known)]
    outliers = sum(d > SHADES for d in differences) / len(differences)
    mean = sum(differences) / len(differences)
    if outliers > OUTLIERS or mean > MEAN:
        rows = [shades[i * COLUMNS:(i + 1) * COLUMNS] for i in range(ROWS)]
        print("\n".join("".join(f"{s:x}" for s in row) for row in rows))
    check(outliers <= OUTLIERS and mean <= MEAN,
          f"{name} looks as stored: {outliers:.0%} of the blocks differ, by {mean:.2f} on average")


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1


def boxes_are_apart(page, name):
    found = page.driver.execute_script(BOXES)
    width, height = found["width"], found["height"]
    check(found["scroll"] <= width, f"{name}: the page is as wide as the window: {found['scroll']}")
    parts = found["parts"]
    order = ["header.bar", "#overview", "#tabs", "#panel"]
    for above, below in zip(order, order[1:]):
        check(parts[above][3] <= parts[below][1] + 1, f"{name}: {above} is above {below}")
    for part, (left, top, right, bottom) in parts.items():
        check(left >= -1 and right <= width + 1 and top >= -1,
              f"{name}: {part} is in the window: {left} {top} {right} {bottom}")
    panel = parts["#panel"]
    check(panel[3] - panel[1] > height * 0.6, f"{name}: most of the window is the view's: {panel}")
    check(len({round(tab[1]) for tab in found["tabs"]}) == 1, f"{name}: the tabs are in one row")
    check(found["tabs"][-1][2] <= width, f"{name}: all tabs are in the window")
    controls = found["controls"]
    for index, (one, a) in enumerate(controls):
        check(a[2] <= width + 1, f"{name}: {one} is in the window")
        for other, b in controls[index + 1:]:
            check(not overlap(a, b), f"{name}: {one} and {other} are apart")


def large_screens_are_used(given):
    """A screen of 3840 pixels, with one pixel of the page for each and for four of the screen."""
    for scale in [1, 2]:
        page = Page(given.tracectl, [given.trace], width=3840 // scale, height=2160 // scale,
                    scale=scale)
        for tab in TABS:
            name = f"{tab} 4K scale {scale}"
            page.open("tab=" + tab)
            boxes_are_apart(page, name)
            if given.pictures:
                page.picture(f"{given.pictures}/{name.replace(' ', '-')}.png")
            sharp = page.driver.execute_script(
                "return [...document.querySelectorAll('canvas')].filter((c) => c.isConnected"
                " && Math.abs(c.width - c.clientWidth * devicePixelRatio) > 2).length")
            check(sharp == 0, f"{name}: drawings have the screen's pixels")
            size = page.driver.execute_script(
                "return parseFloat(getComputedStyle(document.body).fontSize)")
            check(size * scale >= 14, f"{name}: text is {size} pixels tall")
            wide = page.driver.execute_script(
                "return document.querySelector('#overview canvas').clientWidth / innerWidth")
            check(wide > 0.98, f"{name}: the overview is as wide as the window: {wide:.2f}")
        page.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tracectl")
    parser.add_argument("trace")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--pictures")
    given = parser.parse_args()
    given.write = given.write or os.environ.get("VIEW_PICTURES") == "write"
    page = Page(given.tracectl, [given.trace])
    known = stored()
    pictures = {}
    for dark in [False, True]:
        page.theme(dark)
        for tab in TABS:
            name = f"{tab} {'dark' if dark else 'light'}"
            page.open("tab=" + tab)
            boxes_are_apart(page, name)
            faint = page.driver.execute_script(CONTRAST)
            check(faint == [], f"{name}: text can be read: {faint[:4]}")
            if given.pictures:
                page.picture(f"{given.pictures}/{name.replace(' ', '-')}.png")
            pictures[name] = blocks(page)
            average = sum(pictures[name]) / len(pictures[name])
            check(average < 5 if dark else average > 10, f"{name} is {name.split()[1]}: {average}")
            if not given.write:
                looks_as_stored(name, pictures[name], known.get(name))
    if given.write:
        write(pictures)
    page.close()
    large_screens_are_used(given)


if __name__ == "__main__":
    browser.run(main)
