/// The frame of the page: which parts are open, wide or narrow; the theme.

import { byId } from "../dom.js";
import { preference, setPreference } from "../preferences.js";

const narrow = matchMedia("(max-width: 1099px)");
const themes = ["system", "light", "dark"];

/// Parts at the sides stand beside the conversation on a wide page and cover it on a narrow one.
export class Frame {
  constructor({ panelChanged, viewChanged }) {
    this.app = byId("app");
    this.panelChanged = panelChanged;
    this.viewChanged = viewChanged;
    this.scrim = byId("scrim");
    this.scrim.addEventListener("click", () => this.closeCovers());
    narrow.addEventListener("change", () => this.#settle());
    for (const tab of ["cache", "settings"]) {
      byId(`tab-${tab}`).addEventListener("click", () => this.showTab(tab));
      byId(`tab-${tab}`).addEventListener("keydown", (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        this.showTab(tab === "cache" ? "settings" : "cache");
        byId(`tab-${this.tab}`).focus();
      });
    }
    this.showTab(preference("tab", "cache"));
    this.#settle();
  }

  /// Wide pages remember what was open; narrow ones begin with the conversation alone.
  #settle() {
    for (const side of ["sidebar", "panel"]) this.#set(side, !narrow.matches && preference(side, true));
  }

  #set(side, isOpen) {
    this.app.classList.toggle(`with-${side}`, isOpen);
    byId(side).inert = !isOpen;
    this.scrim.hidden = !narrow.matches || !["sidebar", "panel"].some((one) => this.isOpen(one));
    if (side === "panel") this.panelChanged();
    byId(`toggle-${side}`)?.setAttribute("aria-expanded", String(isOpen));
  }

  isOpen(side) {
    return this.app.classList.contains(`with-${side}`);
  }

  toggle(side, isOpen = !this.isOpen(side)) {
    if (!narrow.matches) setPreference(side, isOpen);
    if (narrow.matches && isOpen) this.closeCovers();
    this.#set(side, isOpen);
  }

  /// Closes what covers the conversation on a narrow page. Returns whether anything did.
  closeCovers() {
    if (!narrow.matches) return false;
    const open = ["sidebar", "panel"].filter((side) => this.isOpen(side));
    for (const side of open) this.#set(side, false);
    return open.length > 0;
  }

  showTab(name) {
    this.tab = name;
    setPreference("tab", name);
    for (const tab of ["cache", "settings"]) {
      byId(tab).hidden = tab !== name;
      byId(`tab-${tab}`).setAttribute("aria-selected", String(tab === name));
      byId(`tab-${tab}`).tabIndex = tab === name ? 0 : -1;
    }
    this.panelChanged();
  }

  /// Opens the panel at a tab, or closes it when it shows that one.
  togglePanel(tab) {
    if (this.isOpen("panel") && this.tab === tab) {
      this.toggle("panel", false);
      return;
    }
    this.showTab(tab);
    this.toggle("panel", true);
  }

  get view() {
    return this.app.dataset.view;
  }

  setView(view) {
    this.app.dataset.view = view;
    byId("toggle-dashboard")?.setAttribute("aria-pressed", String(view === "dashboard"));
    this.viewChanged(view);
  }

  /// The next of the system's theme, light and dark.
  nextTheme() {
    const theme = themes[(themes.indexOf(preference("theme", "system")) + 1) % themes.length];
    setPreference("theme", theme === "system" ? null : theme);
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    return theme;
  }
}

