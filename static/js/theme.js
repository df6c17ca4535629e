// Before the first paint: a member who follows the system gets the system's light or dark. Paper is always light.
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const own = root.dataset.bsTheme;
  const apply = () => root.setAttribute("data-bs-theme", root.dataset.theme === "system" ? (dark.matches ? "dark" : "light") : own);
  if (root.dataset.theme === "system") {
    apply();
    dark.addEventListener("change", apply);
  }
  window.addEventListener("beforeprint", () => root.setAttribute("data-bs-theme", "light"));
  window.addEventListener("afterprint", () => { if (root.dataset.theme) apply(); });
})();
