"""A page with the words in which checks speak of it."""

import json
import time

from browser import Failure


class Visit:
    """A page with the words in which checks speak of it."""

    def __init__(self, page, pictures=None, server=None):
        self.page = page
        self.pictures = pictures
        self.server = server

    def must(self, condition, sentence):
        if not condition:
            raise Failure(sentence)

    def picture(self, name):
        if self.pictures:
            time.sleep(0.25)
            self.page.picture(f"{self.pictures}/{name}.png")

    def ready(self):
        self.page.wait("document.querySelector('#model').value !== ''", "the models are there")

    def write(self, text):
        self.page.click("#prompt")
        self.page.type(text)

    def send(self, text):
        self.write(text)
        self.page.key("Enter")

    def count(self, selector):
        return self.page.run(f"document.querySelectorAll({json.dumps(selector)}).length")

    def finished(self, what="the answer has ended"):
        self.page.wait(
            "document.querySelector('.message') && !document.querySelector('.writing')"
            " && document.querySelector('#send').title.startsWith('Send')", what, 60)

    def ask(self, text):
        before = self.count(".message.assistant")
        self.send(text)
        self.page.wait(f"document.querySelectorAll('.message.assistant').length > {before}", "an answer begins")
        self.finished()

    def limit(self, tokens):
        """Sets the most tokens of an answer."""
        self.page.run(
            "(() => { const field = [...document.querySelectorAll('#settings .field')]"
            ".find((one) => one.textContent.startsWith('Max tokens')).querySelector('input');"
            f" field.value = '{tokens}'; field.dispatchEvent(new Event('input')); }})()")

    def last(self, part=".body > .prose"):
        return self.page.run(
            f"[...document.querySelectorAll('.message.assistant')].at(-1)?.querySelector({json.dumps(part)})?.innerText ?? ''")

    def new(self):
        self.page.click("#new")
        self.page.wait("document.querySelectorAll('.message').length === 0", "a new conversation")

    def action(self, label, index=-1):
        """Clicks an action of a message by its label."""
        self.page.click(f".message [aria-label='{label}']", index)
