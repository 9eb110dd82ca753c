// Applies the chosen theme before the first paint, so that no page flashes. A plain script: modules come too late.
(() => {
  try {
    const theme = JSON.parse(localStorage.getItem("martlet.theme"));
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Without storage the system's theme holds.
  }
})();
