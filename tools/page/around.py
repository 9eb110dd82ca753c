"""Checks of what is around answers: what is kept, the dashboard, the keyboard, settings, what is told while typing."""

import time


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


def two_pages(visit):
    """Two pages of one browser show the same; an answer that one writes is not cut off for the other."""
    page = visit.page
    visit.new()
    visit.send("slow Written in the first page")
    page.wait("document.querySelector('.writing .body > .prose')?.innerText.length > 20", "text arrives")
    other = page.browser.page(page.run("location.href"))
    other.wait("document.querySelector('.message.assistant.writing')", "the other page shows that it is being written")
    page.key("Escape")
    visit.finished()
    other.wait("document.querySelector('.note')?.innerText.startsWith('Stopped.')", "the other page shows the end")
    page.call("Page.bringToFront")
    visit.action("Delete from here on")
    other.wait("document.querySelectorAll('.message').length === 1", "the other page shows what was deleted")


def key(visit):
    """A server that wants a key is told one, which is kept."""
    page = visit.page
    visit.server.key = "secret"
    page.reload()
    page.wait("document.querySelector('#banner').innerText === 'A key is needed.'", "the page says that a key is needed")
    page.wait("!document.querySelector('#settings').hidden", "the settings are shown")
    page.click("#settings input[type=password]")
    page.type("secret")
    page.key("Enter")
    page.wait("document.querySelector('#banner').hidden", "the key is taken")
    page.reload()
    visit.ready()
    visit.must(page.run("document.querySelector('#banner').hidden"), "the key was not kept")
    visit.server.key = None
    page.click("#tab-cache")


def dashboard(visit):
    """The dashboard shows what the server says, and Escape leaves it."""
    page = visit.page
    page.run("document.activeElement.blur()")
    page.key("d")
    page.wait("document.querySelector('.page-bar')", "the dashboard is drawn")
    for text in ["Requests", "Latency", "Pages of the cache", "Prefix reuse", "Pre-empted"]:
        visit.must(text in page.text("#dashboard"), f"{text} is missing")
    for text in ["tokens now", "200 ms", "39 ms", "490 µs", "18 ns", "the last 5 minutes", "5\u2009120"]:
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
    visit.limit(5)
    page.run("const model = document.querySelector('#model'); model.value = 'scripted-2'; model.dispatchEvent(new Event('change'))")
    visit.picture("settings")
    visit.ask("One")
    visit.must("limit of tokens" in visit.last(".note"), f"the end is not explained: {visit.last('.note')}")
    page.run("document.querySelectorAll('#settings textarea, #settings input[type=number]').forEach((one) => { one.value = ''; one.dispatchEvent(new Event('input')); })")
    page.click("#tab-cache")


def typing(visit):
    """What is typed is told to the server before it is sent, unless the user or the server does not want that."""
    page, server = visit.page, visit.server
    visit.new()
    page.wait("document.querySelector('#ahead').checked", "it is on")

    def told(text):
        end = time.monotonic() + 10
        while (server.typed or [None])[-1] != text:
            visit.must(time.monotonic() < end, f"the server knows {server.typed[-3:]}, expected “{text}”")
            time.sleep(0.02)

    visit.write("Why does a 🐚 sing")
    told("Why does a 🐚 sing")
    # The key of the check before is kept, and comes along.
    visit.must(server.session_keys == ["secret"], f"keys: {server.session_keys}")
    visit.must("messages" in server.session_fields and "stream" not in server.session_fields, f"fields: {server.session_fields}")

    def change(text):
        page.run(
            f"(() => {{ const field = document.querySelector('#prompt'); field.value = '{text}';"
            " field.dispatchEvent(new Event('input')); })()")
        told(text)

    change("Why does a 🐚 sin")
    change("Why does a 🦀 sin")
    page.key("Enter")
    page.wait("document.querySelector('.message.assistant')", "an answer begins")
    visit.finished()
    told("")
    visit.must(server.requests[-1]["messages"][-1]["content"] == "Why does a 🦀 sin", "another text was sent")
    sessions = server.sessions
    visit.write("And then")
    told("And then")
    visit.must(server.sessions == sessions, "another session was opened")
    visit.must(server.session_fields["messages"][0]["content"] == "Why does a 🦀 sin", "the session does not know what was said")
    page.run("(() => { document.querySelector('#ahead').click(); })()")
    count = len(server.typed)
    page.type(" some more")
    page.key("Enter")
    page.wait("document.querySelectorAll('.message.assistant').length === 2", "another answer begins")
    visit.finished()
    visit.must(len(server.typed) == count, "typing is told though it is switched off")
    page.run("(() => { document.querySelector('#ahead').click(); })()")
    # A server without sessions is not asked for one.
    server.has_sessions = False
    page.reload()
    visit.ready()
    visit.ask("Nothing ahead")
    visit.must(server.sessions == sessions, "a session was asked for")
    server.has_sessions = True
    page.reload()
    visit.ready()


CHECKS = [keep, two_pages, key, dashboard, keyboard, settings, typing]
