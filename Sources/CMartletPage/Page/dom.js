/// Builds the nodes of the page. Text becomes text nodes and nothing is ever parsed as HTML.

const svgNamespace = "http://www.w3.org/2000/svg";

/// Makes an element. `on` holds listeners, `data` data attributes, `class` and `text` what they say; a property that
/// is `null`, `undefined` or `false` is left out.
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) {
        node.addEventListener(event, listener);
      }
    } else if (name === "data") {
      Object.assign(node.dataset, value);
    } else if (name === "text") {
      node.textContent = value;
    } else if (name === "value") {
      node.value = value;
    } else {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  append(node, children);
  return node;
}

/// Makes an SVG element.
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
}

/// Replaces what a node holds.
export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

export const byId = (id) => document.getElementById(id);

/// Outlines on a grid of 16, drawn with a stroke.
const outlines = {
  add: "M8 3v10M3 8h10",
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  send: "M8 13V3M3.5 7.5 8 3l4.5 4.5",
  stop: "M4.5 4.5h7v7h-7z",
  edit: "M10.5 3 13 5.5 6 12.5 3 13l.5-3zM9 4.5l2.5 2.5",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
  copy: "M6 6h7v7H6zM3 10V3h7",
  check: "M3 8.5l3.5 3.5L13 5",
  branch: "M4.5 3v10M4.5 9c0-3 7-1.5 7-5.5M11.5 3v.5",
  left: "M10 3.5 5.5 8l4.5 4.5",
  right: "M6 3.5l4.5 4.5L6 12.5",
  down: "M3.5 6 8 10.5 12.5 6",
  close: "M4 4l8 8M12 4l-8 8",
  clip: "M12.5 7.5 8 12a2.8 2.8 0 0 1-4-4l5-5a1.9 1.9 0 0 1 2.7 2.7L7 10.3a.9.9 0 0 1-1.3-1.3L9.5 5",
  cache: "M2.5 2.5h3v3h-3zM6.5 6.5h3v3h-3zM10.5 2.5h3v3h-3zM2.5 10.5h3v3h-3zM10.5 10.5h3v3h-3z",
  tune: "M2.5 5h5M11 5h2.5M2.5 11H5M8.5 11h5M9.2 3.3v3.4M6.8 9.3v3.4",
  gauge: "M2.5 12a5.5 5.5 0 1 1 11 0M8 11l2.5-3.5",
  bin: "M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.5 9h6l.5-9",
  go: "M3 8h10M9 4l4 4-4 4",
  theme: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
  help: "M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.8-1.1 1.6M8 12.4v.1",
  file: "M4 2.5h5l3 3v8H4zM9 2.5v3h3",
  key: "M9.5 6.5 3 13M4.5 11.5l1.5 1.5M11 2.8a2.3 2.3 0 1 1-.1 0",
  call: "M6 4 2.5 8 6 12M10 4l3.5 4L10 12",
};

/// Draws a small picture; it says nothing to a screen reader, so what it stands for is its button's label.
export function icon(name) {
  return svg(
    "svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" },
    svg("path", { d: outlines[name] }));
}

/// Makes a button of one picture. Its label is read aloud and shown as a hint.
export function iconButton(name, label, action, properties = {}) {
  return el(
    "button",
    {
      type: "button", class: "quiet icon-button", "aria-label": label, title: label,
      on: { click: action }, ...properties,
    },
    icon(name));
}

/// Says a sentence to screen readers.
export function announce(sentence) {
  byId("announcements").textContent = sentence;
}

/// Shows a sentence for some seconds, with at most one action.
export function notify(sentence, action) {
  const tray = byId("notices");
  const notice = el("div", { class: "notice", role: "status" }, el("span", { text: sentence }));
  const close = () => notice.remove();
  if (action) {
    const act = () => {
      close();
      action.run();
    };
    notice.append(el("button", { type: "button", text: action.label, on: { click: act } }));
  }
  notice.append(iconButton("close", "Dismiss", close));
  fill(tray, notice);
  setTimeout(close, action ? 10000 : 6000);
}

/// Puts text on the clipboard. Pages that came by plain HTTP from elsewhere than this machine have no clipboard
/// interface, hence the older way.
export async function copyText(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Permission may be missing; the older way may still work.
    }
  }
  const area = el("textarea", { class: "off-screen", "aria-hidden": "true", value: text });
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return isCopied;
}
