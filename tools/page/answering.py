"""Checks of answers: written, stopped, tried again, branched, cut off; what they show beside their text."""


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


def read(visit):
    """How far a long prompt is computed is shown until there is something to read."""
    page = visit.page
    visit.new()
    visit.send("read this long prompt")
    page.wait("document.querySelector('.reading:not([hidden])')?.innerText.includes('912 of 1\u2009700 tokens, 512 of them known')",
              "the prompt's progress is shown")
    visit.must(page.run("document.querySelector('.reading progress').value > 0.5"), "the bar does not move")
    visit.picture("read")
    visit.finished()
    visit.must(page.run("document.querySelector('.reading').hidden"), "the progress stays after the answer")


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


CHECKS = [
    stream, stop, retry, edit, branch, policy, refused_policy, reload, think, read, call, solve, failures, files,
]
