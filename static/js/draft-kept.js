// What was typed into a draft and could not be saved (half a number, no connection) is kept in this tab until it is saved or thrown
// away, so that a reload loses nothing. Kept by page, recipe and input, with the value that the server had: when that is another one
// by now, somebody changed it and the typed one is forgotten.
(() => {
  "use strict";
  const form = () => document.getElementById("draft-form");
  const told = () => document.getElementById("unsaved");
  if (!form() || !told()) return;
  const slot = () => `unsaved ${location.pathname} ${form().querySelector("[name=recipe]").value}`;
  const inputs = () => [...form().elements].filter((input) => input.name && input.matches("input:not([type=hidden], [type=checkbox]), select"));
  const values = () => new Map(inputs().map((input) => [input.name, input.value]));
  const words = (input) => input.getAttribute("aria-label") || input.labels?.[0]?.querySelector("span")?.textContent || input.name;
  let saved = values(), sent = saved;

  const kept = () => { try { return JSON.parse(sessionStorage.getItem(slot())) || {}; } catch { return {}; } };
  const keep = (what) => {
    try {
      if (Object.keys(what).length) sessionStorage.setItem(slot(), JSON.stringify(what)); else sessionStorage.removeItem(slot());
    } catch { /* a full or forbidden storage: then it is kept as long as the page is */ }
  };
  const open = () => Object.fromEntries(inputs()
    .filter((input) => saved.has(input.name) && saved.get(input.name) !== input.value)
    .map((input) => [input.name, [saved.get(input.name), input.value]]));
  const tell = () => {
    const names = inputs().filter((input) => input.name in kept()).map(words);
    told().hidden = !names.length;
    told().querySelector("[data-names]").textContent = names.join(", ");
  };
  const put = (input, value) => {
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const isOurs = (event) => ["autosave", "draft-form"].includes(event.detail.ctx?.sourceElement?.id);
  document.addEventListener("htmx:before:request", (event) => { if (isOurs(event)) sent = values(); });
  document.addEventListener("htmx:finally:request", (event) => {
    if (!isOurs(event) || !form()) return;
    const { ctx } = event.detail, status = ctx.response?.status || 0;
    if (status && status < 400) saved = ctx.sourceElement.id === "autosave" ? sent : values();
    keep(open());
    // Of a lost race the page tells by itself.
    if (status === 409) told().hidden = true; else tell();
  });
  document.addEventListener("input", (event) => { if (event.target.form === form()) keep(open()); });
  addEventListener("online", () => { if (Object.keys(kept()).length) document.dispatchEvent(new CustomEvent("draft-save")); });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-forget]")) keep({});
    if (!event.target.closest("[data-take-back]")) return;
    const what = kept();
    keep({});
    inputs().filter((input) => input.name in what).forEach((input) => put(input, what[input.name][0]));
    told().hidden = true;
    form().querySelector("#draft-name").focus({ preventScroll: true });
  });

  // After a reload: back into the inputs, and tried once more.
  const before = kept();
  inputs().filter((input) => before[input.name]?.[0] === input.value).forEach((input) => put(input, before[input.name][1]));
  keep(open());
  tell();
})();
