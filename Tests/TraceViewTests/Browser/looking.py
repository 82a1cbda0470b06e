"""Looks at a function: its source by line, its callers and callees, and what the pointer shows.

    looking.py TRACECTL TRACE SOURCE

The trace has three samples in lines 10 and 12 of the function Shop.work of SOURCE.
"""

import json
import sys
import urllib.parse

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import browser
from browser import Page, check


def source_has_costs(page, function):
    page.open("tab=functions&" + urllib.parse.urlencode({"function": function}))
    next(b for b in page.all(".side button") if b.text == "Source").click()
    WebDriverWait(page.driver, 20).until(lambda d: page.all(".source"))
    rows = {row.get_attribute("data-line"): [cell.text for cell in row.find_elements(
        By.CSS_SELECTOR, "span, code")] for row in page.all(".source-line[data-line]")}
    check(rows["10"][1:4] == ["2.00 µs", "66.7 %", "2.00 µs"], f"line 10 has its cost: {rows['10']}")
    check(rows["12"][1:4] == ["1.00 µs", "33.3 %", "1.00 µs"], f"line 12 has its cost: {rows['12']}")
    check(rows["11"][1:4] == ["", "", ""], f"line 11 costs nothing: {rows['11']}")
    check(rows["10"][4].startswith("line 10 <b>"), f"text is text: {rows['10']}")
    check("\\u{202e}" in rows["10"][4], f"marks are shown: {rows['10']}")
    check(not page.all(".source b"), "no source becomes markup")
    check(page.hash().get("source") == "1", "the source is in the address")
    page.picture(sys.argv[4] + "/source.png") if len(sys.argv) > 4 else None
    next(b for b in page.all("#panel button") if b.text == "All functions").click()
    WebDriverWait(page.driver, 20).until(lambda d: page.all(".main-side tbody tr"))


def butterfly_meets_in_the_function(page, function):
    page.open("tab=flame")
    canvas = page.all("canvas.flame")[0]
    canvas.click()
    # Process, main, work.
    ActionChains(page.driver).send_keys(Keys.ARROW_DOWN * 3).perform()
    status = page.text(".status")
    check("Shop.work" in status, f"the keys lead to the function: {status}")
    check("address 0x" in status and "address lifetime" in status and "module" in status
          and "inclusive 3.00 µs" in status and "exclusive 3.00 µs" in status,
          f"the function is described: {status}")
    check("0.000001 s – 0.000004 s" in status.replace("…", "") or "0.000005 s" in status,
          f"its address has a lifetime: {status}")
    ActionChains(page.driver).send_keys("b").perform()
    WebDriverWait(page.driver, 20).until(lambda d: len(page.all(".wing canvas")) == 2)
    upper, lower = page.all(".wing canvas")
    check(page.hash().get("around") == function, f"the function is in the address: {page.hash()}")
    # work, main, process; work.
    check(upper.get_attribute("data-nodes") == "3", "callers are above")
    check(lower.get_attribute("data-nodes") == "1", "callees are below")
    whole = page.all(".flame-box > canvas")[0]
    check(not whole.is_displayed(), "the whole graph is hidden")
    next(b for b in page.all(".tools button") if b.text == "Butterfly").click()
    WebDriverWait(page.driver, 20).until(lambda d: not page.all(".wing"))
    check("around" not in page.hash(), "the whole graph is back")
    page.all("canvas.flame")[0].click()
    ActionChains(page.driver).send_keys(Keys.ARROW_DOWN * 3, "s").perform()
    WebDriverWait(page.driver, 20).until(lambda d: page.all(".source"))


def the_pointer_shows_lifetimes(page):
    page.open("tab=flame")
    canvas = page.all("canvas.flame")[0]
    # All, process, main, work: the fourth row.
    ActionChains(page.driver).move_to_element_with_offset(
        canvas, 0, -canvas.size["height"] // 2 + 18 * 3 + 9).perform()
    tip = page.text("#tip")
    for word in ["inclusive", "exclusive", "module", "address", "address lifetime"]:
        check(word in tip, f"the tooltip has {word}: {tip}")


def columns_are_chosen(page):
    page.open("tab=events&q=event:Runtime/MethodLoad")
    page.driver.find_element(By.ID, "columns").click()
    boxes = page.all("dialog .boxes label")
    names = [label.text for label in boxes]
    check("methodID" in names and "weight" not in names, f"the fields are the event's: {names}")
    for label in boxes:
        if label.text in ["fields", "cpu", "namespace", "name"]:
            label.find_element(By.TAG_NAME, "input").click()
    next(b for b in page.all("dialog button") if b.text == "Show").click()
    WebDriverWait(page.driver, 20).until(lambda d: "cols" in page.hash())
    page.settle("events")
    heads = [head.text for head in page.all(".event-head span")]
    check(heads == ["row", "time", "event", "pid", "tid", "namespace", "name"], f"columns: {heads}")
    cells = [cell.text for cell in page.all(".event-rows .event-row")[0].find_elements(
        By.CSS_SELECTOR, "span")]
    check(cells[-2:] == ["Shop", "work"], f"a row has the fields: {cells}")
    page.driver.get(page.driver.current_url)
    page.settle("events")
    check([head.text for head in page.all(".event-head span")] == heads, "a link has the columns")


def main():
    page = Page(sys.argv[1], [sys.argv[2]])
    page.open("tab=flame")
    names = [frame["name"] for frame in json.loads(page.fetch("api/flame"))["frames"]]
    function = next(name for name in names if "Shop.work" in name)
    source_has_costs(page, function)
    butterfly_meets_in_the_function(page, function)
    the_pointer_shows_lifetimes(page)
    columns_are_chosen(page)
    check(page.problems() == [], f"the console has no errors: {page.problems()}")
    page.close()


if __name__ == "__main__":
    browser.run(main)
