"""Checks that the page follows a trace that is being written.

    following.py TRACECTL TRACE DIRECTORY

TRACE is a finished trace; its bytes are written bit by bit to a file in DIRECTORY.
"""

import fcntl
import os
import sys

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import browser
from browser import Page, check, numbers_are_the_reports


class GrowingFile:
    """A file that is written bit by bit by a collection that holds it."""

    def __init__(self, source, path):
        with open(source, "rb") as file:
            self.bytes = file.read()
        self.path = path
        self.file = open(path, "wb", buffering=0)
        fcntl.flock(self.file, fcntl.LOCK_EX)
        self.written = 0

    def grow(self, share):
        end = int(len(self.bytes) * share)
        self.file.write(self.bytes[self.written:end])
        self.written = end

    def finish(self):
        self.grow(1)
        self.file.close()


def until(page, condition, sentence, seconds=60):
    try:
        WebDriverWait(page.driver, seconds).until(lambda d: condition())
    except Exception as error:  # The sentence says what was waited for.
        check(False, f"{sentence}: {type(error).__name__}, state {page.text('#files')}, "
                     f"panel {page.text()[:200]}")


def state(page):
    return page.text("#state").replace("●", "").strip()


def count(page):
    words = page.text("output.found").split()
    return int(words[0].replace(",", "")) if words and words[0][0].isdigit() else 0


def a_file_that_grows(tracectl, trace, directory):
    file = GrowingFile(trace, directory + "/growing.etl")
    file.grow(0.3)
    page = Page(tracectl, [file.path])
    total = int(page.command("info", trace, "-format", "json")["events"])
    page.open("tab=events")
    page.driver.execute_script("window.kept = 1")
    check(state(page) == "recording", f"the state is recording: {state(page)}")
    first = count(page)
    check(0 < first < total, f"the first part is shown: {first} of {total}")
    file.grow(0.6)
    until(page, lambda: count(page) > first, "more events appear")
    second = count(page)
    # Who is at the end stays there.
    page.all(".event-scroll")[0].send_keys(Keys.END)
    until(page, lambda: f"{second - 1:,}" in page.text(".event-rows"), "the end is reached")

    file.grow(0.7)
    until(page, lambda: count(page) > second, "more events appear again")
    third = count(page)
    until(page, lambda: f"{third - 1:,}" in page.text(".event-rows"), "the table follows the end")

    page.tab("flame")
    canvas = page.all(".flame")[0]
    canvas.click()
    ActionChains(page.driver).send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER).perform()
    until(page, lambda: page.text(".crumbs") != "", "the flame graph is zoomed")
    crumbs = page.text(".crumbs")
    before = page.driver.execute_script(
        "return fetch('api/flame').then(r => r.json()).then(j => j.total)")
    file.grow(0.8)
    until(page, lambda: page.driver.execute_script(
        "return fetch('api/flame').then(r => r.json()).then(j => j.total)") > before,
        "the flame graph grows")
    check(page.text(".crumbs") == crumbs, f"the zoom stays: {crumbs}, {page.text('.crumbs')}")

    page.tab("exceptions")
    page.all("#panel th button")[0].send_keys(Keys.SPACE)
    order = [th.get_attribute("aria-sort") for th in page.all("#panel th")]
    text = page.text()
    file.grow(0.9)
    until(page, lambda: page.text() != text, "a report is made anew")
    check([th.get_attribute("aria-sort") for th in page.all("#panel th")] == order,
          "the order of a table stays")

    # What is being typed stays.
    page.tab("functions")
    field = page.all("#panel input")[0]
    field.send_keys("half a wor")
    file.finish()
    until(page, lambda: state(page) == "complete", "the state becomes complete")
    check(field.get_attribute("value") == "half a wor", "what is being typed stays")
    page.tab("events")
    until(page, lambda: count(page) == total, "all events are shown in the end")
    check(page.driver.execute_script("return window.kept") == 1, "nothing was reloaded")
    check(page.problems() == [], f"the console has no errors: {page.problems()}")
    numbers_are_the_reports(page)
    page.close()


def a_file_that_nobody_writes(tracectl, trace, directory):
    file = GrowingFile(trace, directory + "/cut.etl")
    file.grow(0.5)
    file.file.close()
    os.utime(file.path, (1e9, 1e9))
    page = Page(tracectl, [file.path])
    page.open("tab=events")
    check(state(page) == "unfinished", f"the state is unfinished: {state(page)}")
    page.close()


def main():
    tracectl, trace, directory = sys.argv[1:4]
    a_file_that_grows(tracectl, trace, directory)
    a_file_that_nobody_writes(tracectl, trace, directory)


if __name__ == "__main__":
    browser.run(main)
