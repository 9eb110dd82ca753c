"""Checks of what the page looks like: dark, narrow, names of controls, contrast of text."""

import time


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


CHECKS = [looks, access]
