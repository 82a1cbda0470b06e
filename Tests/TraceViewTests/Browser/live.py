"""Checks `tracectl view -live` in a terminal: the page shows a collection while it runs.

    live.py TRACECTL DIRECTORY
"""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request

import browser
from browser import Page, check, numbers_are_the_reports
from following import state, until

BUSY = ("import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(3))\n"
        "def work():\n"
        "  for i in range(20000): pass\n"
        "while True:\n"
        "  work(); time.sleep(0.002)\n")


class Terminal:
    """A command in a terminal of its own, in whose foreground it runs."""

    def __init__(self, *command):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        browser.servers.append(self)
        self.text = ""
        self.code = None

    def read(self, seconds):
        """Reads what is printed; returns whether there was anything."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        try:
            part = os.read(self.terminal, 65536)
        except OSError:
            part = b""
        self.text += part.decode(errors="replace")
        return bool(part)

    def expect(self, pattern, seconds=60):
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            found = re.search(pattern, self.text)
            if found:
                return found
            self.read(0.2)
        check(False, f"the terminal shows {pattern}: {self.text[-600:]}")
        return None

    def type(self, text):
        os.write(self.terminal, text.encode())

    def has_ended(self):
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def wait(self, seconds=60):
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and not self.has_ended():
            self.read(0.1)
        return self.code

    def kill(self):
        if not self.has_ended():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def events_of(page):
    return json.loads(page.fetch("api/state"))["files"][0]["events"]


def show(tracectl, directory, name, *arguments):
    """Starts a collection; returns its terminal, its page and its file."""
    path = f"{directory}/{name}.etl"
    terminal = Terminal(tracectl, "view", "-live", "-no-browser", "-providers", "CPU", "-o", path,
                        *arguments)
    address = terminal.expect(r"http://127\.0\.0\.1:\d+/[0-9a-f]+/")
    if address is None:
        return terminal, None, path
    page = Page(tracectl, [path], address=address.group(0))
    page.open()
    return terminal, page, path


def the_file_is_whole(page, path):
    check(page.command("info", path, "-format", "json") is not None, "the file is whole")
    until(page, lambda: state(page) == "complete", "the page says that the trace is complete")
    numbers_are_the_reports(page)
    check(page.problems() == [], f"the console has no errors: {page.problems()}")


def a_command_until_ctrl_c(tracectl, directory):
    terminal, page, path = show(tracectl, directory, "command", "--", sys.executable, "-c", BUSY)
    if page is None:
        return
    page.driver.execute_script("window.kept = 1")
    until(page, lambda: state(page) == "recording", "the page says that it records")
    until(page, lambda: events_of(page) > 0, "events arrive")
    first = events_of(page)
    until(page, lambda: events_of(page) > first, "more events arrive")
    page.tab("flame")
    until(page, lambda: page.all(".flame[data-nodes]"), "samples appear while it runs")
    terminal.type("\x03")
    terminal.expect(r"the page shows the whole trace")
    check(not terminal.has_ended(), "the page stays after the collection")
    until(page, lambda: state(page) == "complete", "the page says that the trace is complete")
    check(page.driver.execute_script("return window.kept") == 1, "nothing was reloaded")
    the_file_is_whole(page, path)
    page.close()
    terminal.type("\x03")
    check(terminal.wait() == 3, f"the exit code is the command's: {terminal.code}")
    check(os.path.getsize(path) > 0, "the file is kept")


def a_process_until_ctrl_c(tracectl, directory):
    program = subprocess.Popen([sys.executable, "-c", BUSY], start_new_session=True)
    browser.servers.append(program)
    terminal, page, path = show(tracectl, directory, "process", "-p", str(program.pid))
    if page is None:
        return
    until(page, lambda: events_of(page) > 0, "events of the process arrive")
    terminal.type("\x03")
    terminal.expect(r"the page shows the whole trace")
    check(program.poll() is None, "the traced process goes on")
    the_file_is_whole(page, path)
    page.close()
    terminal.type("\x03")
    check(terminal.wait() == 0, f"the exit code is 0: {terminal.code}")
    program.kill()


def a_command_that_ends(tracectl, directory):
    terminal, page, path = show(tracectl, directory, "short", "--", "sh", "-c", "sleep 2; exit 5")
    if page is None:
        return
    terminal.expect(r"the page shows the whole trace")
    the_file_is_whole(page, path)
    page.close()
    terminal.type("\x03")
    check(terminal.wait() == 5, f"the exit code is the command's: {terminal.code}")


def a_signal_ends_all(tracectl, directory):
    terminal, page, path = show(tracectl, directory, "ended", "--", sys.executable, "-c", BUSY)
    if page is None:
        return
    until(page, lambda: events_of(page) > 0, "events arrive before the signal")
    page.close()
    os.kill(terminal.pid, signal.SIGTERM)
    check(terminal.wait() is not None, "SIGTERM ends collection and page")
    done = subprocess.run([tracectl, "info", path], capture_output=True, text=True)
    check(done.returncode == 0 and "not finished" not in done.stderr, "its file is finished")


def a_port_in_use(tracectl, directory):
    path = directory + "/refused.etl"
    with urllib.request.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [tracectl, "view", "-live", "-no-browser", "-http", f"127.0.0.1:{port}", "-providers",
             "CPU", "-o", path, "--", "touch", directory + "/ran"], capture_output=True, text=True)
    check(done.returncode == 69, f"a port in use is an error: {done.returncode} {done.stderr}")
    check(not os.path.exists(path), "no file is left")
    check(not os.path.exists(directory + "/ran"), "the command was not started")


def main():
    tracectl, directory = sys.argv[1:3]
    for test in [a_command_until_ctrl_c, a_process_until_ctrl_c, a_command_that_ends,
                 a_signal_ends_all, a_port_in_use]:
        test(tracectl, directory)


if __name__ == "__main__":
    browser.run(main)
