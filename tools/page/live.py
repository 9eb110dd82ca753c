"""What must hold whatever the model of a running server says."""

import json


def answers(visit):
    """A prompt is answered, with its cost and what its cache holds."""
    visit.new()
    # A small model may have no end.
    visit.limit(40)
    visit.ask("Say hello.")
    visit.must(visit.last(".note") == "" or "limit" in visit.last(".note"), f"the answer ended with “{visit.last('.note')}”")
    visit.must(visit.page.run("!document.querySelector('.heat-frame').hidden"), "what the heads hold is not drawn")
    visit.must("token" in visit.last(".meta"), f"its cost is “{visit.last('.meta')}”")
    visit.picture("live")


def tries_again(visit):
    """Another try is a branch."""
    visit.action("Try again")
    visit.page.wait("document.querySelector('.branches')", "branches are shown")
    visit.finished()


def switches_policy(visit):
    """The next answer is computed under another policy, which the microscope names, and the one after under the server's own."""
    page = visit.page
    lossy = page.run("fetch('martlet/state').then((one) => one.json()).then((one) => one.policies.find(({ lossy }) => lossy)?.form ?? '')")
    if lossy == "":
        return
    visit.new()
    visit.limit(12)
    page.click("#budget-button")
    for policy in [lossy, ""]:
        page.run(
            "(() => { const field = document.querySelector('.combobox input');"
            f" field.value = {json.dumps(policy)}; field.dispatchEvent(new Event('input')); }})()")
        visit.ask("Say hello.")
        shown = page.text(".which")
        visit.must((lossy.split("(")[0] in shown) == (policy != ""), f"under “{policy}” the microscope shows “{shown}”")
    page.click("#budget-button")


def votes(visit):
    """Chains that vote are drawn while they do."""
    page = visit.page
    if not page.run("fetch('martlet/state').then((one) => one.ok)"):
        return
    visit.new()
    visit.limit(24)
    page.click("#budget-button")
    page.click("#solve")
    page.click("[aria-label=Chains]")
    page.type("3")
    visit.send("How much is 2 + 3?")
    page.wait("document.querySelector('.votes:not([hidden])')?.innerText.includes('of 3 chains ended')", "the search is drawn", 120)
    visit.finished()
    visit.must(visit.last(".note") == "", f"the search ended with “{visit.last('.note')}”")
    visit.must("3 chains of at most" in page.text(".votes"), f"its plan is not there: “{page.text('.votes')}”")
    visit.picture("live-votes")
    page.click("#solve")
    page.click("#budget-button")


def survives(visit):
    """What was said is there after the page was loaded again."""
    before = visit.last()
    visit.page.reload()
    visit.page.wait("document.querySelector('.message.assistant')", "the conversation is there")
    visit.must(visit.last() == before, "the answer has changed")


def dashboard(visit):
    """The dashboard shows what the server says."""
    visit.page.run("document.activeElement.blur()")
    visit.page.key("d")
    visit.page.wait("document.querySelector('.page-bar')", "pages are drawn")
    shown = visit.page.text("#dashboard")
    visit.must("the last 5 minutes" in shown and "of a token read" in shown, f"latencies and costs are not there: {shown}")
    visit.picture("live-dashboard")
    visit.page.key("Escape")


CHECKS = [answers, tries_again, switches_policy, votes, survives, dashboard]
