// The keyboard of the queue and of the account page: every key presses a control that is on the page anyway. Off when the member switched it off.
(() => {
  "use strict";
  const rows = () => [...document.querySelectorAll(".row-link")];

  const mark = (link) => {
    rows().forEach((other) => {
      other.removeAttribute("aria-current");
      other.closest(".row-item").classList.remove("row-selected");
    });
    link.setAttribute("aria-current", "true");
    link.closest(".row-item").classList.add("row-selected");
  };
  const move = (by) => {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((link) => link.getAttribute("aria-current"));
    const next = all[Math.min(all.length - 1, Math.max(0, here + by))];
    next.focus({ preventScroll: true });
    next.closest(".row-item").scrollIntoView({ block: "nearest" });
    next.click();
  };
  const press = (selector) => document.querySelector(selector)?.click();
  // While the next account is still loading, its buttons are not there yet: an action waits for them.
  let loading = 0, waiting = null;
  const act = (selector) => { if (loading) waiting = selector; else press(selector); };
  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    c: () => act('.item-actions [data-shortcut="c"]'),
    r: () => act('.item-actions [data-shortcut="r"]'),
    u: () => [...document.querySelectorAll("[data-undo]")].pop()?.click(),
    Enter: () => press("#open-account"),
    "/": () => document.getElementById("search")?.focus(),
    "?": () => document.getElementById("help")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (document.body.dataset.shortcuts !== "on") return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key === "c") return;
    if (document.querySelector("dialog[open]")) return;
    // For a frame after it closed, the dialog's button still has the focus: such a key is meant for the page.
    const at = event.target.closest("dialog") ? document.body : event.target;
    if (at.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    // Enter opens the account from the page or a row; on any other control it does what the control does.
    if (event.key === "Enter" && at.closest("a, button, summary, input") && !at.closest(".row-link")) return;
    const key = KEYS[event.key];
    if (!key) return;
    event.preventDefault();
    key();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".row-link");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) mark(link);
    const key = event.target.closest("[data-key]");
    if (key) KEYS[key.dataset.key]();
  });
  document.addEventListener("htmx:before:request", (event) => {
    if (event.detail.ctx.sourceElement?.matches(".row-link")) loading += 1;
  });
  document.addEventListener("htmx:finally:request", (event) => {
    if (!event.detail.ctx.sourceElement?.matches(".row-link") || --loading > 0) return;
    loading = 0;
    if (waiting) setTimeout(() => { press(waiting); waiting = null; });
  });
  // A hidden tab asks for nothing.
  document.addEventListener("htmx:before:request", (event) => {
    if (document.hidden && event.target.id === "queue") event.preventDefault();
  });
})();
