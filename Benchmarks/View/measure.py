"""Measures the page of `tracectl view` in headless Chromium.

    measure.py TRACECTL FILE... [--steps 40] [--no-cache]

The table of Docs/view.md is of a trace made with `view-trace FILE 1000000 100000 59000000` (../Sources).
Summaries beside the trace are removed first, so that the first opening makes them. The machine's load is
printed with each part. Needs chromium, chromedriver and selenium.

What is measured, all with performance.now() and resource timing in the page:
- first view: from the start of the command until the overview is painted and the view is ready
- script: the time in which the page's script holds up the browser after an answer arrives
- frame: from requestAnimationFrame, with the action in it, to the task after the frame
- server: from the request to the last byte of its answer, as the browser sees it
- jump: from the key that asks for a row to the frame that shows it
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

INSTRUMENTS = """
window.scripts = [];
const plain = Response.prototype.text;
Response.prototype.text = async function () {
  const text = await plain.call(this);
  const began = performance.now();
  const channel = new MessageChannel();
  channel.port1.onmessage = () => window.scripts.push(performance.now() - began);
  channel.port2.postMessage(0);
  return text;
};
window.frameOf = (act) => new Promise((done) => requestAnimationFrame(() => {
  const began = performance.now();
  act();
  const channel = new MessageChannel();
  channel.port1.onmessage = () => done(performance.now() - began);
  channel.port2.postMessage(0);
}));
window.nextFrame = () => new Promise((done) => requestAnimationFrame(() => done()));
// Frames of 50 ms and more, with what the browser says of them.
window.longFrames = [];
new PerformanceObserver((list) => { for (const e of list.getEntries()) window.longFrames.push(
  `${e.duration.toFixed(0)} ms: scripts ${e.scripts.map((s) => `${s.invoker} ${s.duration.toFixed(0)}`
    + ` (layout ${s.forcedStyleAndLayoutDuration.toFixed(0)})`).join(", ") || "none"}, style and layout `
  + `after ${(e.styleAndLayoutStart - e.startTime).toFixed(0)}`); })
  .observe({ type: "long-animation-frame" });
window.quiet = async (path) => {
  // Until no request of this path has ended for 300 ms.
  let count = -1;
  for (;;) {
    const now = performance.getEntriesByType('resource').filter((e) => e.name.includes(path)).length;
    if (now === count) return;
    count = now;
    await new Promise((done) => setTimeout(done, 300));
  }
};
"""


class Server:
    """A server, and its page in a browser that runs already."""

    def __init__(self, tracectl, path, *options_of_view):
        options = webdriver.ChromeOptions()
        for argument in ["--headless=new", "--disable-gpu", "--window-size=1280,800", "--no-sandbox",
                         "--force-device-scale-factor=1", "--disable-dev-shm-usage"]:
            options.add_argument(argument)
        options.binary_location = shutil.which("chromium")
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")),
                                       options=options)
        self.driver.set_script_timeout(600)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument",
                                    {"source": INSTRUMENTS})
        self.began = time.monotonic()
        self.process = subprocess.Popen([tracectl, "view", path, "-no-browser", *options_of_view],
                                        stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"http://\S+", line)
            if found:
                self.address = found.group(0)
                break
        self.listens = time.monotonic() - self.began

    def open(self, hash):
        self.driver.get("about:blank")
        self.driver.get(self.address + "#" + hash)

    def run(self, script, *arguments):
        """Runs the body of an async function in the page."""
        return self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1]; const given = [...arguments];"
            "(async () => { %s })().then(done, (e) => done('error: ' + e))" % script, *arguments)

    def wait(self, condition, seconds=300):
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            if self.driver.execute_script("return " + condition):
                return time.monotonic() - self.began
            time.sleep(0.02)
        raise SystemExit(f"not in time: {condition}")

    def peak(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) / 1024

    def close(self):
        self.driver.quit()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


def show(what, values, limit=None, unit="ms"):
    values = sorted(v for v in values if isinstance(v, (int, float)))
    if not values:
        print(f"{what:58} no values")
        return
    middle = values[len(values) // 2]
    note = "" if limit is None else f"  must be at most {limit}" + (
        "" if values[-1] <= limit else "  MISSED" if middle > limit else "  (maximum is over)")
    late = values[min(len(values) - 1, len(values) * 99 // 100)]
    print(f"{what:52} median {middle:6.1f}  99 % {late:6.1f}  maximum {values[-1]:6.1f} {unit}{note}",
          flush=True)


READY = "document.getElementById('panel')?.dataset.ready === %r"


def first_view(server, tab="summary"):
    server.driver.get(server.address + ("#tab=" + tab if tab != "summary" else ""))
    painted = server.wait("!!document.querySelector('#overview canvas')?.style.width")
    facts = server.wait("!!document.querySelector('#panel .card')")
    memory = server.peak()
    whole = server.wait(READY % tab)
    print(f"the server listens after {server.listens:.2f} s, the overview is painted after "
          f"{painted:.2f} s,\nthe trace's facts after {facts:.2f} s with {memory:.0f} MB, "
          f"the whole {tab} after {whole:.2f} s with {server.peak():.0f} MB")


def timeline(server, steps):
    server.open("tab=timeline")
    server.wait(READY % "timeline")
    result = server.run("""
      const main = document.querySelector('canvas.lanes'), steps = given[0];
      await quiet('api/timeline');
      performance.clearResourceTimings();
      window.scripts.length = 0;
      const frames = [], keys = ['+', '+', '+', 'ArrowRight', 'ArrowRight', '-', 'ArrowLeft', '+'];
      for (let i = 0; i < steps; i++) {
        const key = keys[i % keys.length];
        frames.push(await frameOf(() =>
          main.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))));
        await quiet('api/timeline');
        frames.push(await frameOf(() => {}));
      }
      // A hand that turns the wheel: an event in each frame.
      const turned = [];
      const box = main.getBoundingClientRect();
      for (let i = 0; i < steps; i++) {
        turned.push(await frameOf(() => main.dispatchEvent(new WheelEvent('wheel', { bubbles: true,
          cancelable: true, shiftKey: i % 2 === 0, ctrlKey: i % 2 === 1, deltaY: i % 4 < 2 ? 60 : -60,
          clientX: box.left + 500, clientY: box.top + 60 }))));
      }
      await quiet('api/timeline');
      const server = performance.getEntriesByType('resource')
        .filter((e) => e.name.includes('api/timeline')).map((e) => e.responseEnd - e.requestStart);
      return { frames, turned, scripts: window.scripts, server };""", steps)
    if isinstance(result, str):
        raise SystemExit(result)
    show("timeline, a key: server", result["server"], 50)
    show("timeline, script after an answer", result["scripts"], 16)
    show("timeline, frame of a key", result["frames"], 16)
    show("timeline, frame while the wheel turns", result["turned"], 16)


def flame(server, steps):
    server.open("tab=flame")
    server.wait(READY % "flame")
    if not server.driver.execute_script("return !!document.querySelector('.flame')?.dataset.nodes"):
        return print("no stacks")
    nodes, drawn = server.run("const c = document.querySelector('.flame');"
                              "return [c.dataset.nodes, c.dataset.frames]")
    print(f"flame graph of {nodes} frames, of which {drawn} are wide enough to be drawn")
    again = server.run("""
      performance.clearResourceTimings();
      for (let i = 0; i < given[0]; i++) {
        const r = await fetch('api/flame'); await r.arrayBuffer();
      }
      return performance.getEntriesByType('resource').filter((e) => e.name.includes('api/flame'))
        .map((e) => e.responseStart - e.requestStart);""", steps)
    show("flame graph, server until the first byte", again, 50)
    frames = server.run("""
      const canvas = document.querySelector('.flame'), frames = [];
      canvas.focus();
      const press = (key) => canvas.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      const keys = ['ArrowDown', 'ArrowDown', 'Enter', 'ArrowRight', 'Escape', 'ArrowDown', 'Enter',
        'ArrowDown', 'Enter', 'Escape'];
      for (let i = 0; i < given[0]; i++) frames.push(await frameOf(() => press(keys[i % keys.length])));
      return frames;""", steps)
    show("flame graph, frame of a move or zoom", frames, 16)
    frames = server.run("""
      const canvas = document.querySelector('.flame'), frames = [];
      const box = canvas.getBoundingClientRect();
      for (let i = 0; i < given[0]; i++) frames.push(await frameOf(() =>
        canvas.dispatchEvent(new PointerEvent('pointermove', { bubbles: true,
          clientX: box.left + 20 + i * 17 % 1200, clientY: box.top + 9 + 18 * (i % 6) }))));
      return frames;""", steps)
    show("flame graph, frame of a pointer's move", frames, 16)
    frames = server.run("""
      const search = document.getElementById('search'), frames = [];
      const words = ['f', 'fu', 'function1', 'function12', 'part3', 'part33', 'zzz', ''];
      for (let i = 0; i < given[0]; i++) frames.push(await frameOf(() => {
        search.value = words[i % words.length];
        search.dispatchEvent(new Event('input', { bubbles: true }));
      }));
      return frames;""", steps)
    show("flame graph, frame of a search", frames, 16)


def events(server, steps):
    server.open("tab=events")
    server.wait(READY % "events")
    # The table of all rows is made when the server starts.
    server.run("const r = await fetch('api/events?row=1&count=1'); await r.text();")
    total = int(server.driver.execute_script(
        "return document.querySelector('output.found').textContent").split()[0].replace(",", ""))
    generator = random.Random(7)
    rows = [generator.randrange(total) for _ in range(steps)] + [0, total - 1, total // 2]
    result = server.run("""
      performance.clearResourceTimings();
      const box = document.querySelectorAll('.tools input')[1], times = [], frames = [];
      for (const row of given[0]) {
        const began = performance.now();
        frames.push(await frameOf(() => {
          box.value = String(row);
          box.dispatchEvent(new Event('change', { bubbles: true }));
        }));
        const sought = row.toLocaleString('en-US');
        for (;;) {
          const lines = [...document.querySelectorAll('.event-rows .event-row')];
          const line = lines.find((l) => l.firstChild?.textContent === sought);
          if (line && lines.every((l) => l.children.length > 2)) break;
          if (performance.now() - began > 60000) return 'error: row ' + sought;
          await nextFrame();
        }
        times.push(performance.now() - began);
        await new Promise((done) => setTimeout(done, 60));
      }
      const server = performance.getEntriesByType('resource')
        .filter((e) => e.name.includes('api/events')).map((e) => e.responseEnd - e.requestStart);
      return { times, frames, server };""", rows)
    if isinstance(result, str):
        raise SystemExit(result)
    print(f"table of {total:,} events, {len(rows)} jumps to random rows")
    show("events, jump until the row is shown", result["times"], 150)
    show("events, server", result["server"], 150)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tracectl")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--no-cache", action="store_true")
    given = parser.parse_args()
    for path in given.files:
        shutil.rmtree(path + ".view", ignore_errors=True)
        for opening in ["first", "second"]:
            print(f"\n{path}, {opening} opening, load {os.getloadavg()[0]:.1f}")
            server = Server(given.tracectl, path, *(["-no-cache"] if given.no_cache else []))
            first_view(server)
            if opening == "second":
                for part in [timeline, flame, events]:
                    print(f"load {os.getloadavg()[0]:.1f}")
                    server.driver.execute_script("window.longFrames = []")
                    part(server, given.steps)
                    for line in server.driver.execute_script("return window.longFrames")[:12]:
                        print("  a long frame:", line)
                print(f"peak memory of the server: {server.peak():.0f} MB")
            server.close()


if __name__ == "__main__":
    main()
