"""Drives the page of `tracectl view` in headless Chromium and checks what people see.

    browser.py TRACECTL TRACE [--compare OTHER] [--pictures DIRECTORY]

Prints one line per check that failed, and ends with 1 if any did.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

failures = []
servers = []


def check(is_so, sentence):
    if not is_so:
        failures.append(sentence)
        print("failed:", sentence, flush=True)


class Page:
    """A browser with the page of some files; of a server that runs already, if `address` is given."""

    def __init__(self, tracectl, files, *, dark=False, width=1280, height=800, address=None,
                 scale=1, arguments=()):
        self.tracectl = tracectl
        self.files = files
        self.server = None
        self.address = address
        if address is None:
            self.start()
        options = webdriver.ChromeOptions()
        for argument in ["--headless=new", "--disable-gpu", f"--window-size={width},{height}",
                         "--hide-scrollbars", f"--force-device-scale-factor={scale}",
                         "--disable-dev-shm-usage"]:
            options.add_argument(argument)
        for argument in arguments:
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.binary_location = shutil.which("chromium")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")),
                                       options=options)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": False})
        self.theme(dark)

    def start(self):
        self.server = subprocess.Popen(
            [self.tracectl, "view", *self.files, "-no-browser"], stderr=subprocess.PIPE, text=True)
        servers.append(self.server)
        for line in self.server.stderr:
            found = re.search(r"http://\S+", line)
            if found:
                self.address = found.group(0)
                break

    def theme(self, dark):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def open(self, hash=""):
        self.driver.get("about:blank")
        self.driver.get(self.address + ("#" + hash if hash else ""))
        self.settle(urllib.parse.parse_qs(hash).get("tab", ["summary"])[0])

    def settle(self, tab):
        WebDriverWait(self.driver, 60).until(
            lambda d: d.find_element(By.ID, "panel").get_attribute("data-ready") == tab)

    def tab(self, name):
        self.driver.find_element(By.ID, "tab-" + name).click()
        self.settle(name)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector="#panel"):
        """The text of an element. The page may replace it between the search and the reading."""
        for _ in range(20):
            try:
                return self.driver.find_element(By.CSS_SELECTOR, selector).text
            except StaleElementReferenceException:
                continue
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def hash(self):
        query = urllib.parse.urlparse(self.driver.current_url).fragment
        return {k: v[0] for k, v in urllib.parse.parse_qs(query).items()}

    def fetch(self, path):
        return self.driver.execute_async_script(
            "const done = arguments[1]; fetch(arguments[0]).then(r => r.text()).then(done)", path)

    def problems(self):
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "status of 4" not in entry["message"]]

    def picture(self, path):
        time.sleep(0.4)
        self.driver.save_screenshot(path)

    def close(self):
        self.driver.quit()
        if self.server is None:
            return
        self.server.send_signal(signal.SIGINT)
        check(self.server.wait(20) == 0, "Ctrl-C ends the server with 0")

    def command(self, *arguments):
        result = subprocess.run([self.tracectl, *arguments], capture_output=True, text=True)
        return json.loads(result.stdout) if result.returncode == 0 else None


TABS = ["summary", "timeline", "flame", "functions", "gc", "jit", "exceptions", "allocations",
        "threads", "contention", "system", "requests", "events"]
REPORTS = ["summary", "gc", "jit", "exceptions", "allocations", "threads", "contention", "system",
           "requests"]


def every_tab_opens(page):
    page.open()
    for tab in TABS:
        page.tab(tab)
        check(page.text().strip() != "" or page.all("#panel canvas"), f"the tab {tab} shows something")
        chosen = page.all("[role=tab][aria-selected=true]")
        check(len(chosen) == 1 and chosen[0].get_attribute("data-tab") == tab, f"{tab} is chosen")
    check(page.problems() == [], f"the console has no errors: {page.problems()}")
    unnamed = page.driver.execute_script(
        "return [...document.querySelectorAll('button, input, select, canvas')]"
        ".filter(e => !(e.textContent.trim() || e.ariaLabel || e.title || e.labels?.length))"
        ".map(e => e.outerHTML)")
    check(unnamed == [], f"all controls have names: {unnamed[:3]}")


def numbers_are_the_reports(page):
    for name in REPORTS:
        command = page.command(name, page.files[0], "-format", "json")
        answer = json.loads(page.fetch(f"api/report/{name}"))
        if command is None:
            check("error" in answer, f"{name} has an error like the command")
        else:
            check(answer == command, f"{name} has the numbers of the command")
    time_lines_are_drawn(page)
    command = page.command("stacks", page.files[0], "-format", "json", "-by-name", "-top", "30")
    if not command:
        return
    page.open("tab=functions")
    rows = page.all(".main-side tbody tr")[:10]
    names = [row.find_elements(By.TAG_NAME, "td")[-1].text for row in rows]
    check(sorted(names) == sorted(f["name"] for f in command["functions"][:10]) or
          names[0] == command["functions"][0]["name"], f"functions are those of the command: {names}")
    rows[0].click()
    WebDriverWait(page.driver, 30).until(lambda d: "Callers" in page.text(".side"))
    # The address follows a moment later.
    WebDriverWait(page.driver, 10).until(lambda d: "function" in page.hash())
    check(page.hash().get("function") == names[0], "the function is in the address")


def time_lines_are_drawn(page):
    """A row has a bar for each part of its time line that has exceptions."""
    report = page.command("exceptions", page.files[0], "-format", "json")
    if not report:
        return
    page.open("tab=exceptions")
    wanted = sorted(sum(count > 0 for count in group["time_line"]["counts"])
                    for process in report["processes"] for group in process["groups"])
    found = page.driver.execute_script(
        "return [...document.querySelectorAll('#panel td svg.bars')]"
        ".map((chart) => chart.querySelectorAll('rect').length)")
    check(sorted(found) == wanted, f"time lines of exceptions: {found}, not {wanted}")


def a_range_filters_and_links(page):
    page.open("tab=timeline")
    canvas = page.all("#overview canvas")[0]
    width = canvas.size["width"]
    ActionChains(page.driver).move_to_element_with_offset(canvas, -width // 4, 0).click_and_hold() \
        .move_by_offset(width // 4, 0).release().perform()
    WebDriverWait(page.driver, 10).until(lambda d: "from" in page.hash())
    chosen = page.hash()
    check(int(chosen["from"]) < int(chosen["to"]), "dragging selects a range")
    page.settle("timeline")
    page.tab("events")
    shown = page.text("output.found")
    total = json.loads(page.fetch(
        f"api/events?count=0&from={chosen['from']}&to={chosen['to']}"))["total"]
    check(shown == f"{total:,} events", f"the range filters events: {shown}, {total}")
    url = page.driver.current_url
    before = page.text("#chips")
    page.driver.get("about:blank")
    page.driver.get(url)
    page.settle("events")
    check(page.text("#chips") == before and page.hash() == {**chosen, "tab": "events"},
          "a link shows the same")
    check(page.text("output.found") == shown, "a link shows the same events")
    page.driver.find_element(By.CSS_SELECTOR, "#chips button").click()
    WebDriverWait(page.driver, 10).until(lambda d: "from" not in page.hash())


def search_and_filter(page):
    page.open("tab=flame")
    if page.all(".flame"):
        canvas = page.all(".flame")[0]
        nodes = int(canvas.get_attribute("data-nodes") or 0)
        check(nodes > 0, "the flame graph has nodes")
        name = page.driver.find_element(By.ID, "search")
        name.send_keys("zzzz_no_such_function")
        check(page.text("output.found").startswith("0"), "a search for nothing finds nothing")
        name.clear()
        name.send_keys(".")
        WebDriverWait(page.driver, 10).until(lambda d: page.text("output.found").startswith("100"))
        name.send_keys(Keys.ESCAPE)
        paints = page.driver.execute_script(
            "const c = document.querySelector('.flame'), t = [];"
            "for (let i = 0; i < 20; i++) { c.dispatchEvent(new Event('blur')); t.push(+c.dataset.paint); }"
            "return t.sort((a, b) => a - b)")
        print(f"flame graph of {nodes} nodes: {paints[10]} ms a frame, at most {paints[-1]} ms")
        check(paints[10] <= 16, f"a frame takes at most 16 ms: {paints[10]}")
        canvas.click()
        ActionChains(page.driver).send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER).perform()
        WebDriverWait(page.driver, 10).until(lambda d: page.text(".crumbs") != "")
        ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.open("tab=events")
    first = page.text(".event-rows")
    page.all(".event-row")[2].click()
    scroller = page.all(".event-scroll")[0]
    scroller.send_keys(Keys.END)
    WebDriverWait(page.driver, 30).until(
        lambda d: "…" not in page.text(".event-rows") and page.text(".event-rows") != first)
    info = page.command("info", page.files[0], "-format", "json")
    last = f"{info['events'] - 1:,}"
    check(last in page.text(".event-rows"), "the last event can be reached")
    kind = next(t for t in info["event_types"] if t.get("events", t.get("count")))
    box = page.driver.find_element(By.ID, "search")
    box.send_keys(f"event:{kind['provider']}/{kind['name']}", Keys.ENTER)
    WebDriverWait(page.driver, 30).until(lambda d: page.text("output.found") ==
                                         f"{kind.get('events', kind.get('count')):,} events")


def hostile_names_stay_text(page):
    page.open("tab=summary")
    for tab in TABS:
        page.tab(tab)
        foreign = page.driver.execute_script(
            "return document.querySelectorAll('#panel script, #panel img, #panel iframe, [onerror]').length")
        check(foreign == 0, f"no name becomes markup in {tab}")
        marks = page.driver.execute_script("return /[\\u202a-\\u202e]/.test(document.body.innerText)")
        check(not marks, f"no name changes the direction of text in {tab}")
    check(page.problems() == [], f"hostile names make no errors: {page.problems()}")


def damage_is_said(page):
    page.open()
    for tab in TABS:
        page.tab(tab)
        check(page.text().strip() != "" or page.all("#panel canvas"),
              f"the tab {tab} of a damaged trace shows something")
    page.tab("exceptions")
    check("cannot be read" in page.text(".warning"), "damage is said")
    check(page.all("#panel tbody tr") != [], "what is whole is shown")
    check(page.problems() == [], f"damage makes no errors: {page.problems()}")


def only_this_server_is_asked(page):
    origin = page.address.split("/")[2]
    for entry in page.driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] != "Network.requestWillBeSent":
            continue
        url = message["params"]["request"]["url"]
        if url.startswith("http"):
            check(url.split("/")[2] == origin, f"nobody else is asked: {url}")


def comparison(tracectl, files):
    page = Page(tracectl, files)
    page.open("tab=compare")
    text = page.text()
    check("Before" in text and "After" in text, "the comparison shows both sides")
    command = page.command("compare", *files, "-format", "json")
    answer = json.loads(page.fetch("api/compare"))
    check(command is None or answer["functions"][:20] == command["functions"][:20],
          "the comparison has the numbers of the command")
    check(page.problems() == [], f"the comparison has no errors: {page.problems()}")
    return page


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tracectl")
    parser.add_argument("trace")
    parser.add_argument("--compare")
    parser.add_argument("--hostile")
    parser.add_argument("--damaged")
    parser.add_argument("--pictures")
    given = parser.parse_args()
    page = Page(given.tracectl, [given.trace])
    every_tab_opens(page)
    numbers_are_the_reports(page)
    a_range_filters_and_links(page)
    search_and_filter(page)
    only_this_server_is_asked(page)
    if given.pictures:
        for dark in [False, True]:
            page.theme(dark)
            for tab in TABS:
                page.open("tab=" + tab)
                page.picture(f"{given.pictures}/{tab}-{'dark' if dark else 'light'}.png")
    page.close()
    if given.hostile:
        page = Page(given.tracectl, [given.hostile])
        hostile_names_stay_text(page)
        page.close()
    if given.damaged:
        page = Page(given.tracectl, [given.damaged])
        damage_is_said(page)
        page.close()
    if given.compare:
        page = comparison(given.tracectl, [given.trace, given.compare])
        if given.pictures:
            page.picture(f"{given.pictures}/compare-light.png")
        page.close()


def run(main):
    """Runs a script's checks, and ends it with their outcome. Nothing that was started is left."""
    try:
        main()
        sys.exit(1 if failures else 0)
    finally:
        for server in servers:
            server.kill()


if __name__ == "__main__":
    run(main)
