"""What a user does with the page, and what must then be seen. Each check is a function of a `Visit`."""

import json
import time

from browser import Failure


class Visit:
    """A page with the words in which checks speak of it."""

    def __init__(self, page, pictures=None):
        self.page = page
        self.pictures = pictures

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

    def last(self, part=".body > .prose"):
        return self.page.run(
            f"[...document.querySelectorAll('.message.assistant')].at(-1)?.querySelector({json.dumps(part)})?.innerText ?? ''")

    def new(self):
        self.page.click("#new")
        self.page.wait("document.querySelectorAll('.message').length === 0", "a new conversation")

    def action(self, label, index=-1):
        """Clicks an action of a message by its label."""
        self.page.click(f".message [aria-label='{label}']", index)


def stream(visit):
    """A prompt is answered piece by piece, and the end of the answer stays in sight."""
    visit.new()
    visit.send("slow Why does a cache of keys and values grow?")
    page = visit.page
    page.wait("document.querySelector('.message.assistant.writing .body > .prose')?.innerText.length > 20", "text arrives")
    early = len(visit.last())
    page.wait(f"document.querySelector('.message.assistant .body > .prose').innerText.length > {early + 20}", "more text arrives")
    visit.must(visit.count(".heat") == 1, "the cache is not drawn while the answer is written")
    visit.must("live" in page.text(".which"), "the microscope does not say that it is live")


def stop(visit):
    """Escape stops the answer; what there is stays, and it can go on."""
    page = visit.page
    page.key("Escape")
    visit.finished("the answer stops")
    visit.must(visit.last(".note").startswith("Stopped."), "the answer does not say that it was stopped")
    text = visit.last()
    page.click(".note button")
    page.wait("document.querySelectorAll('.note:not([hidden])').length === 0", "the note is gone")
    visit.finished()
    visit.must(visit.last().startswith(text[:40]) and visit.last().endswith("And so it ended."), "the answer does not go on")


def retry(visit):
    """Another try is a branch beside the first; brackets turn between them."""
    page = visit.page
    visit.new()
    visit.ask("First")
    visit.action("Try again")
    page.wait("document.querySelector('.branches')", "branches are shown")
    visit.finished()
    visit.must(page.text(".branches").strip() == "2 / 2", f"branches: {page.text('.branches')}")
    page.run("document.activeElement.blur()")
    page.key("[")
    page.wait("document.querySelector('.branches').innerText.trim() === '1 / 2'", "the first branch is shown")


def edit(visit):
    """A changed prompt is sent as a branch; the old one is kept with its answers."""
    page = visit.page
    page.run("document.activeElement.blur()")
    page.key("e")
    page.wait("document.activeElement.closest('.editor')", "the editor has the focus")
    page.run("document.activeElement.select()")
    page.type("Second")
    page.key("Enter")
    page.wait("document.querySelector('.message.user .said')?.innerText === 'Second'", "the changed prompt is shown")
    visit.finished()
    page.click(".message.user [aria-label='Branch before']")
    page.wait("document.querySelector('.message.user .said').innerText === 'First'", "the old prompt is there")
    visit.must(visit.count(".branches") == 2, "the old branches are gone")


def branch(visit):
    """A conversation of its own begins at a message."""
    before = visit.count("#conversations li")
    visit.action("New conversation from here")
    visit.page.wait(f"document.querySelectorAll('#conversations li').length === {before + 1}", "there is one more conversation")
    visit.page.wait("document.querySelector('#title').innerText.endsWith('(branch)')", "it is shown")
    visit.must(visit.count(".message") == 2, "its messages are not there")


def policy(visit):
    """The policy is chosen from the list; the request has it and the heads hold less."""
    page = visit.page
    visit.new()
    page.click("#budget-button")
    page.wait("document.activeElement.getAttribute('role') === 'combobox'", "the policy has the focus")
    page.type("h2")
    page.wait("document.querySelectorAll('.options li').length === 1", "one policy fits")
    visit.picture("policy")
    page.key("ArrowDown")
    page.key("Enter")
    page.wait("document.querySelector('.combobox input').value === 'h2o(budget=64)'", "the policy is written out")
    page.run("const codec = document.querySelector('#budget select'); codec.value = 'q8'; codec.dispatchEvent(new Event('change'))")
    visit.ask("Long answers fill a cache")
    visit.must(page.text(".budget-words") == "h2o(budget=64) · q8", f"the budget is “{page.text('.budget-words')}”")
    visit.must("h2o(budget=64) in q8" in page.text(".which"), f"the microscope shows “{page.text('.which')}”")
    page.wait("document.querySelectorAll('.chart').length === 2", "the course is drawn")
    label = page.run("document.querySelector('.heat').getAttribute('aria-label')")
    visit.must("24 layers" in label, label)
    page.run("document.querySelector('.heat').focus()")
    page.key("ArrowRight")
    visit.must(page.text(".heat-frame .readout").startswith("layer 0, head 0:"), "no head is read out")
    visit.picture("cache")
    page.run("document.querySelector('.course input').focus()")
    page.key("ArrowLeft")
    page.wait("document.querySelector('.course output').innerText !== 'newest'", "the course can be gone back over")
    page.click("#budget-button")


def refused_policy(visit):
    """What the server refuses is said where the answer would be; nothing is lost."""
    page = visit.page
    visit.new()
    page.click("#budget-button")
    page.run("document.querySelector('.combobox input').focus()")
    page.type("nonsense(3)")
    visit.ask("Anything")
    visit.must("there is no policy “nonsense(3)”" in visit.last(".note"), visit.last(".note"))
    page.run("document.querySelector('.combobox input').focus()")
    page.type("dense")
    page.key("Escape")
    page.click("#budget-button")
    visit.action("Try again")
    page.wait("document.querySelectorAll('.message.assistant .body > .prose').length === 1", "another try")
    page.wait("document.querySelector('.branches') && document.querySelector('.body > .prose').innerText.length > 100", "it is answered")
    visit.finished()


def reload(visit):
    """A page that is reloaded in mid-stream keeps what came, says that it was cut, and can try again."""
    page = visit.page
    visit.new()
    visit.send("slow And now the page is loaded again")
    page.wait("document.querySelector('.writing .body > .prose')?.innerText.length > 60", "text arrives")
    before = visit.last()
    page.reload()
    page.wait("document.querySelector('.message.assistant')", "the conversation is there")
    visit.must("closed or reloaded" in visit.last(".note"), f"the answer does not say that it was cut: {visit.last('.note')}")
    text = visit.last()
    visit.must(len(text) > 20 and text[:20] == before[:20], f"{len(text)} of {len(before)} characters were kept")
    visit.picture("cut")


def think(visit):
    """Reasoning is folded with its time."""
    visit.new()
    visit.ask("think Which policy?")
    visit.must(visit.last(".reasoning-title").startswith("Thought for "), "no time of reasoning")
    visit.must(not visit.page.run("document.querySelector('.reasoning').open"), "reasoning is not folded")
    visit.page.click(".reasoning summary")
    visit.page.wait("document.querySelector('.reasoning .prose').innerText.includes('Two vectors')", "it unfolds")


def call(visit):
    """A call is shown; its result is typed and goes back with its id."""
    page = visit.page
    visit.new()
    visit.ask("call for the weather")
    visit.must("\"city\": \"Bern\"" in page.text(".call pre"), f"the call shows “{page.text('.call pre')}”")
    page.click(".call textarea")
    page.type("{\"rain\": true}")
    visit.picture("call")
    page.click(".calls > button")
    page.wait("document.querySelectorAll('.message').length === 4", "the result is there")
    visit.finished()
    visit.must(visit.last() == "It will rain in Bern.", f"after the result: “{visit.last()}”")


def solve(visit):
    """Chains vote, and the votes are drawn."""
    page = visit.page
    visit.new()
    page.click("#budget-button")
    page.click("#solve")
    visit.must(not page.run("document.querySelector('[aria-label=Chains]').disabled"), "chains cannot be given")
    page.click("[aria-label=Chains]")
    page.type("8")
    visit.send("What is 17 · 23?")
    page.wait("document.querySelectorAll('.vote-list li').length > 1", "votes are drawn")
    visit.finished()
    visit.must(page.text(".vote-answer") == "391", f"leading is {page.text('.vote-answer')}")
    visit.must(visit.count(".chain.leading") == 6 and visit.count(".chain.other") == 2, "chains are not drawn by their answers")
    visit.picture("solve")
    page.click("#solve")
    page.click("#budget-button")


def failures(visit):
    """Errors are said where they happen, and what came is kept."""
    visit.new()
    visit.ask("refuse this")
    visit.must("Shorten it." in visit.last(".note"), visit.last(".note"))
    visit.ask("fail in the middle")
    visit.must("no page left" in visit.last(".note") and len(visit.last()) > 20, visit.last(".note"))
    visit.ask("break off")
    visit.must("connection ended" in visit.last(".note") and len(visit.last()) > 20, visit.last(".note"))
    visit.ask("ignored field")
    visit.must("The server ignored: min_p." in visit.last(".note"), visit.last(".note"))
    visit.picture("failures")


def files(visit):
    """A dropped text file goes into the prompt; another file is refused by name."""
    page = visit.page
    visit.new()
    page.run(
        "(() => { const data = new DataTransfer();"
        " data.items.add(new File(['let a = 1\\n'], 'main.swift', {type: 'text/plain'}));"
        " data.items.add(new File([new Uint8Array([0, 255, 254])], 'picture.png'));"
        " for (const kind of ['dragenter', 'dragover', 'drop']) document.body.dispatchEvent("
        "new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true})); })()")
    page.wait("document.querySelectorAll('#files li').length === 1", "the file is there")
    page.wait("document.querySelector('.notice')?.innerText.includes('picture.png is no text file')", "the other is refused")
    visit.picture("files")
    visit.ask("Explain")
    visit.must("main.swift" in page.text(".message.user"), "the file is not shown with the prompt")
    visit.must(visit.count("#files li") == 0, "the file is still in the composer")


def keep(visit):
    """Renaming, finding, deleting with a way back; what is exported can be imported."""
    page = visit.page
    before = visit.count("#conversations li")
    page.run("document.querySelector('#conversations .current .open').dispatchEvent(new MouseEvent('dblclick'))")
    page.wait("document.activeElement.matches('#conversations input')", "the title can be written")
    page.run("document.activeElement.select()")
    page.type("A swift file")
    page.key("Enter")
    page.wait("document.querySelector('#title').innerText === 'A swift file'", "the title has changed")
    page.click("#find")
    page.type("swift f")
    page.wait("document.querySelectorAll('#conversations li').length === 1", "one is found")
    page.key("Escape")
    page.wait(f"document.querySelectorAll('#conversations li').length === {before}", "all are there")
    page.run("document.querySelector('[aria-label=\"Delete A swift file\"]').click()")
    page.wait(f"document.querySelectorAll('#conversations li').length === {before - 1}", "it is deleted")
    page.wait("document.querySelector('.notice')?.innerText.startsWith('Deleted')", "there is a way back")
    page.run("document.querySelector('.notice button').click()")
    page.wait(f"document.querySelectorAll('#conversations li').length === {before}", "it is back")
    # What would be saved as a file is read from the link that would save it.
    page.run(
        "URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return '#saved'; }; 0")
    page.run("document.querySelector('#export-all').click()")
    page.wait("window.saved", "a file is saved")
    page.run(
        "(() => { const data = new DataTransfer(); data.items.add(new File([window.saved], 'all.json'));"
        " const picker = document.querySelector('[aria-label=\"File to import\"]'); picker.files = data.files;"
        " picker.dispatchEvent(new Event('change')); })()")
    page.wait(f"document.querySelectorAll('#conversations li').length === {2 * before}", "all are imported beside")


def dashboard(visit):
    """The dashboard shows what the server says, and Escape leaves it."""
    page = visit.page
    page.run("document.activeElement.blur()")
    page.key("d")
    page.wait("document.querySelector('.page-bar')", "the dashboard is drawn")
    for text in ["Requests", "Latency", "Pages of the cache", "Prefix reuse", "Pre-empted"]:
        visit.must(text in page.text("#dashboard"), f"{text} is missing")
    page.wait("document.querySelectorAll('#dashboard .chart-line').length === 2", "the course of a second")
    visit.picture("dashboard")
    page.key("Escape")
    page.wait("document.querySelector('#dashboard').hidden", "the conversation is back")


def keyboard(visit):
    """The list of keys opens, and letters do nothing while one writes."""
    page = visit.page
    page.run("document.activeElement.blur()")
    page.key("?", 8)
    page.wait("document.querySelector('#shortcuts').open", "the list is open")
    visit.picture("keyboard")
    page.key("Escape")
    page.wait("!document.querySelector('#shortcuts').open", "the list is closed")
    page.key("/")
    page.wait("document.activeElement.id === 'prompt'", "the prompt has the focus")
    page.key("d")
    visit.must(page.run("document.querySelector('#prompt').value") == "d", "a letter acts while one writes")
    page.run("document.querySelector('#prompt').value = ''")


def settings(visit):
    """Sampling goes into the request when it is set; the model can be switched."""
    page = visit.page
    visit.new()
    page.click("#tab-settings")
    page.click("#settings textarea")
    page.type("Be brief.")
    page.run(
        "(() => { const field = [...document.querySelectorAll('#settings .field')].find((one) => one.innerText.startsWith('Max tokens'))"
        ".querySelector('input'); field.value = '5'; field.dispatchEvent(new Event('input')); })()")
    page.run("const model = document.querySelector('#model'); model.value = 'scripted-2'; model.dispatchEvent(new Event('change'))")
    visit.picture("settings")
    visit.ask("One")
    visit.must("limit of tokens" in visit.last(".note"), f"the end is not explained: {visit.last('.note')}")
    page.run("document.querySelectorAll('#settings textarea, #settings input[type=number]').forEach((one) => { one.value = ''; one.dispatchEvent(new Event('input')); })")
    page.click("#tab-cache")


def looks(visit):
    """Dark and narrow: nothing is wider than the page, and the sides cover and uncover it."""
    page = visit.page
    page.theme("dark")
    visit.new()
    visit.ask("think Which policy suits a long document?")
    visit.picture("dark")
    ground = page.run("getComputedStyle(document.body).backgroundColor")
    visit.must(ground == "rgb(20, 23, 26)", f"the page is not dark: {ground}")
    for width in [390, 320]:
        page.size(width, 780, 2, True)
        page.wait(f"document.documentElement.clientWidth === {width}", "the page is narrow")
        wide = page.run("[...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1"
                        " && !one.closest('.code, .table-frame, .math-block')).map((one) => one.className || one.tagName)")
        visit.must(not wide, f"wider than {width} pixels: {wide}")
    page.size(390, 780, 2, True)
    visit.picture("narrow")
    page.click("#toggle-cache")
    page.wait("document.querySelector('#app').matches('.with-panel')", "the cache covers the page")
    visit.picture("narrow-cache")
    page.key("Escape")
    page.wait("!document.querySelector('#app').matches('.with-panel')", "it is uncovered")
    page.click("#toggle-sidebar")
    page.wait("document.querySelector('#app').matches('.with-sidebar')", "the list covers the page")
    page.run("document.querySelector('#scrim').click()")
    page.theme("light")
    visit.picture("narrow-light")
    page.size(1280, 800)
    page.wait("document.querySelector('#app').matches('.with-sidebar')", "a wide page has its list again")
    time.sleep(0.3)


CONTRAST = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) { const c = rgba(getComputedStyle(at).backgroundColor); if (c[3] > 0) layers.unshift(c); }
    return layers.reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (node.closest('[disabled], .off-screen, .skip, option')) continue;
    const below = ground(node); const ink = over(rgba(getComputedStyle(node).color), below);
    const [one, other] = [light(below), light(ink)].sort((a, b) => b - a);
    const ratio = (one + .05) / (other + .05);
    if (ratio < 4.5) bad.push(`${node.tagName}.${node.className}: ${ratio.toFixed(2)} “${walker.currentNode.data.trim().slice(0, 20)}”`);
  }
  return [...new Set(bad)];
})()
"""

UNNAMED = """
[...document.querySelectorAll('button, input, select, textarea, [role=tab], [role=img], canvas')].filter((node) => {
  if (!node.checkVisibility() || node.closest('[aria-hidden=true]')) return false;
  const name = node.getAttribute('aria-label') || node.labels?.[0]?.innerText || node.innerText || node.getAttribute('aria-labelledby');
  return !name?.trim();
}).map((node) => node.outerHTML.slice(0, 90))
"""


def access(visit):
    """Every control has a name, text stands out, and the keyboard reaches the prompt and the answers' actions."""
    page = visit.page
    page.theme("light")
    visit.new()
    visit.ask("think Everything that can be seen")
    for theme in ["light", "dark"]:
        page.theme(theme)
        for tab in ["cache", "settings"]:
            page.click(f"#tab-{tab}")
            visit.must(not page.run(UNNAMED), f"without a name: {page.run(UNNAMED)}")
            bad = page.run(CONTRAST)
            visit.must(not bad, f"too little contrast, {theme}: {bad}")
    page.theme("light")
    page.click("#tab-cache")
    page.run("document.activeElement.blur(); document.querySelector('.skip').focus()")
    page.key("Enter")
    page.wait("document.activeElement.id === 'prompt'", "the first link leads to the prompt")
    page.key("Escape")
    page.key("k")
    page.wait("document.activeElement.matches('.message.assistant')", "k goes to the last message")
    page.key("Tab")
    visit.must(page.run("document.activeElement.closest('.message') !== null"), "Tab leaves the message")


SCRIPTED = [
    stream, stop, retry, edit, branch, policy, refused_policy, reload, think, call, solve, failures, files, settings, keep,
    dashboard, keyboard, looks, access,
]
