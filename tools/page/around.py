"""Checks of what is around answers: what is kept, the dashboard, the keyboard, settings."""


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


CHECKS = [keep, two_pages, key, dashboard, keyboard, settings]
