"""A headless Chromium, driven over a pipe by the DevTools protocol. Needs nothing but Python and Chromium."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


class Failure(Exception):
    """What a check found; its text is the sentence for the reader."""


class Browser:
    """One Chromium with a profile of its own, which ends with it."""

    def __init__(self, program, arguments=()):
        self.profile = tempfile.mkdtemp(prefix="martlet-page-")
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()
        command = [
            program, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.profile}",
            "--no-first-run", "--disable-gpu", "--disable-extensions", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb",
            # A mouse, which a headless browser does not have by itself.
            "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
            *(["--no-sandbox"] if os.geteuid() == 0 else []), *arguments, "about:blank",
        ]

        def connect():
            # Chromium reads its commands from descriptor 3 and writes to descriptor 4. The ends may already have these
            # numbers, so that they are moved out of the way first.
            read, write = os.dup(to_browser), os.dup(from_browser)
            high = [os.dup2(read, 103), os.dup2(write, 104)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            command, preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.count = 0
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.output)
        os.close(self.input)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, session=None, timeout=30, **parameters):
        """Calls a method of the protocol and returns its result."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + timeout
        while True:
            answer = self._read(end, method)
            if answer.get("id") == message["id"]:
                if "error" in answer:
                    raise Failure(f"{method}: {answer['error'].get('message')}")
                return answer["result"]
            self.events.append(answer)

    def _read(self, end, what):
        while b"\0" not in self.buffer:
            if not select.select([self.input], [], [], max(0, end - time.monotonic()))[0]:
                raise Failure(f"{what}: no answer of the browser in time")
            piece = os.read(self.input, 1 << 16)
            if not piece:
                raise Failure(f"{what}: the browser has ended")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def page(self, address, width=1280, height=800):
        """Opens a page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ["Page", "Runtime", "Log"]:
            page.call(f"{domain}.enable")
        page.size(width, height)
        page.go(address)
        return page


class Page:
    """A page and what a user does with it."""

    def __init__(self, browser, session):
        self.browser = browser
        self.session = session

    def call(self, method, **parameters):
        return self.browser.call(method, session=self.session, **parameters)

    def go(self, address):
        result = self.call("Page.navigate", url=address)
        if result.get("errorText"):
            raise Failure(f"{address}: {result['errorText']}")
        self.wait("document.readyState === 'complete'", "the page is loaded")

    def reload(self):
        self.run("window.isOld = true")
        self.call("Page.reload")
        self.wait("!window.isOld && document.readyState === 'complete'", "the page is loaded again")

    def size(self, width, height, scale=1, is_mobile=False):
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=is_mobile)

    def theme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def run(self, script):
        """The value of an expression; a promise is awaited."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise Failure(details.get("exception", {}).get("description") or details.get("text"))
        return result["result"].get("value")

    def wait(self, script, what, timeout=15):
        """Waits until an expression is true and returns its value."""
        end = time.monotonic() + timeout
        while True:
            try:
                value = self.run(f"(async (value) => (await value) instanceof Node || value)({script})")
                if value:
                    return value
            except Failure as failure:
                # A page that is being loaded has no context to ask yet.
                if time.monotonic() > end:
                    raise Failure(f"{what}: {failure}") from failure
            if time.monotonic() > end:
                raise Failure(f"{what}: not in {timeout} s")
            time.sleep(0.03)

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def click(self, selector, index=0):
        """Clicks in the middle of an element, as a mouse does."""
        place = self.wait(
            f"(async () => {{ const all = [...document.querySelectorAll({json.dumps(selector)})];"
            f" const node = all.at({index}); if (!node) return null; node.scrollIntoView({{block: 'nearest'}});"
            # What follows the scrolling has then happened.
            " for (let i = 0; i < 2; i += 1) await new Promise(requestAnimationFrame);"
            " const box = node.getBoundingClientRect(); if (box.width === 0) return null;"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()", f"{selector} is there")
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
        for kind in ["mousePressed", "mouseReleased"]:
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def key(self, key, modifiers=0):
        """Presses a key by its name in `KeyboardEvent.key`; 8 is Shift."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37, "ArrowRight": 39}
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = codes.get(key, ord(key.upper()) if len(key) == 1 and key.isalnum() else 0)
        shared = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def errors(self):
        """What the page complained of: exceptions, and errors of its console, refusals by its policy among them."""
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                details = event["params"]["exceptionDetails"]
                found.append(details.get("exception", {}).get("description") or details["text"])
            if event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
                entry = event["params"]["entry"]
                found.append(f"{entry['text']} {entry.get('url', '')}".strip())
        return found


def program(name=None):
    """The Chromium to use."""
    for candidate in [name, os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]:
        path = candidate and shutil.which(candidate)
        if path:
            return path
    raise Failure("no Chromium is found; name one with --browser or in CHROMIUM")
