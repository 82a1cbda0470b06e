"""Checks the export menu: files are those of the command, and other sites read only what was clicked.

    exporting.py TRACECTL TRACE DIRECTORY

The browser takes this script's server for the sites of other viewers, whose way of asking for a file it
has: the Firefox Profiler and speedscope fetch an address, Perfetto hears a message.
"""

import http.server
import os
import ssl
import subprocess
import sys
import threading
import time

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

import browser
from browser import Page, check

FETCHING = """<!doctype html><title>waits</title><script>
const address = location.pathname.startsWith("/from-url/")
  ? decodeURIComponent(location.pathname.slice(10))
  : new URLSearchParams(location.hash.slice(1)).get("profileURL");
fetch(address).then((r) => r.text()).then((text) => {
  window.given = text;
  window.address = address;
  window.hasOpener = window.opener !== null;
  document.title = "read";
}, (error) => { document.title = "failed: " + error; });
</script>"""

HEARING = """<!doctype html><title>waits</title><script>
addEventListener("message", (event) => {
  if (event.source !== window.opener) return;
  if (event.data === "PING") return event.source.postMessage("PONG", event.origin);
  window.origins = event.origin;
  window.given = event.data.perfetto.buffer.byteLength;
  document.title = "read";
});
</script>"""

SITES = ["profiler.firefox.com", "www.speedscope.app", "ui.perfetto.dev", "evil.example"]
VIEWERS = [("Open in Firefox Profiler ↗", "firefox", "https://profiler.firefox.com/from-url/"),
           ("Open in speedscope ↗", "speedscope", "https://www.speedscope.app/#profileURL=")]


class Site(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        host = self.headers["Host"]
        Site.asked.append((host, self.path, self.headers["Referer"]))
        body = (HEARING if host.startswith("ui.perfetto.dev") else FETCHING).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def start(directory):
    """Starts the server of the sites; returns its port."""
    pair = os.path.join(directory, "pair.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=sites", "-keyout", pair, "-out", pair + ".crt"],
                   check=True, capture_output=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair + ".crt", pair)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def click(page, text):
    page.driver.find_element(By.ID, "export").click()
    items = page.all(".menu button")
    found = [item for item in items if item.text == text]
    check(len(found) == 1, f"the menu has {text}: {[item.text for item in items]}")
    found[0].click()


def exported(page, format, directory):
    path = os.path.join(directory, "command." + format)
    subprocess.run([page.tracectl, "export", page.files[0], "-format", format, "-o", path],
                   check=True, capture_output=True)
    with open(path, "rb") as file:
        return file.read()


def files_are_those_of_the_command(page, directory):
    downloads = os.path.join(directory, "downloads")
    os.mkdir(downloads)
    page.driver.execute_cdp_cmd("Browser.setDownloadBehavior",
                                {"behavior": "allow", "downloadPath": downloads})
    page.open("tab=flame")
    page.driver.find_element(By.ID, "export").click()
    items = [item.text for item in page.all(".menu button")]
    page.driver.find_element(By.ID, "panel").click()
    formats = [item.split()[-2] for item in items if item.startswith(("trace as", "CPU samples as"))]
    check(sorted(formats) == sorted(["pprof", "speedscope", "perfetto", "firefox", "chrome", "folded",
                                     "svg"]), f"every format is in the menu: {items}")
    for item in items:
        if not item.startswith(("trace as", "CPU samples as")):
            continue
        name = "trace" + item.split("(")[1].rstrip(")")
        click(page, item)
        path = os.path.join(downloads, name)
        limit = time.monotonic() + 30
        while not os.path.exists(path) and time.monotonic() < limit:
            time.sleep(0.1)
        with open(path, "rb") as file:
            check(file.read() == exported(page, item.split()[-2], directory),
                  f"{item} is the command's")


def viewers_read_what_was_clicked(page, directory):
    for text, format, beginning in VIEWERS:
        own = page.driver.current_window_handle
        click(page, text)
        WebDriverWait(page.driver, 30).until(lambda d: len(d.window_handles) == 2)
        page.driver.switch_to.window([w for w in page.driver.window_handles if w != own][0])
        WebDriverWait(page.driver, 30).until(
            lambda d: d.title not in ("", "waits", "about:blank"))
        check(page.driver.title == "read", f"{text}: {page.driver.title}")
        check(page.driver.current_url.startswith(beginning), page.driver.current_url)
        given = page.driver.execute_script("return window.given").encode()
        check(given == exported(page, format, directory), f"{text} gets the command's file")
        check(page.driver.execute_script("return window.hasOpener") is False,
              f"{text} cannot reach the page that opened it")
        address = page.driver.execute_script("return window.address")
        # Another site that learns the address cannot read the file.
        page.driver.get(f"https://evil.example/#profileURL={address}")
        WebDriverWait(page.driver, 30).until(lambda d: d.title != "waits")
        check(page.driver.title.startswith("failed"), "another site does not get the file")
        page.driver.close()
        page.driver.switch_to.window(own)


def perfetto_hears_the_file(page, directory):
    own = page.driver.current_window_handle
    click(page, "Open in Perfetto ↗")
    WebDriverWait(page.driver, 30).until(lambda d: len(d.window_handles) == 2)
    page.driver.switch_to.window([w for w in page.driver.window_handles if w != own][0])
    WebDriverWait(page.driver, 30).until(lambda d: d.title == "read")
    check(page.driver.execute_script("return window.given") ==
          len(exported(page, "perfetto", directory)), "Perfetto gets the command's file")
    page.driver.close()
    page.driver.switch_to.window(own)


def main():
    tracectl, trace, directory = sys.argv[1:]
    port = start(directory)
    rules = ", ".join(f"MAP {site}:443 127.0.0.1:{port}" for site in SITES)
    page = Page(tracectl, [trace],
                arguments=[f"--host-resolver-rules={rules}", "--ignore-certificate-errors"])
    files_are_those_of_the_command(page, directory)
    check(Site.asked == [], f"nobody is asked before a click: {Site.asked}")
    viewers_read_what_was_clicked(page, directory)
    perfetto_hears_the_file(page, directory)
    token = page.address.split("/")[3]
    for host, path, referer in Site.asked:
        check(token not in path + (referer or ""), f"{host} does not learn the token: {path}")
    page.close()


if __name__ == "__main__":
    browser.run(main)
