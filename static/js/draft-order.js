// The order of a draft's components by dragging (or by the arrow keys on the grip). A line shows where the dragged one goes; the
// server is then asked as the buttons "Up" and "Down" ask it.
(() => {
  "use strict";
  const EDGE = 90, PACE = 12;
  const form = () => document.getElementById("draft-form");
  const rows = () => [...form().querySelectorAll(".component")];
  const name = (row) => row.querySelector("h3").textContent.trim();
  let drag = null;

  const ask = (row, to) => {
    const button = document.getElementById("draft-do"), said = document.getElementById("order-said");
    said.textContent = said.dataset.words.replace("{0}", name(row)).replace("{1}", to + 1);
    button.value = `to:${row.dataset.component}:${to}`;
    form().requestSubmit(button);
  };

  const unmark = () => rows().forEach((row) => row.classList.remove("drop-before", "drop-after"));
  const mark = () => {
    unmark();
    const all = rows();
    let gap = all.findIndex((row) => { const box = row.getBoundingClientRect(); return drag.y < box.top + box.height / 2; });
    if (gap < 0) gap = all.length;
    drag.to = gap > drag.from ? gap - 1 : gap;
    if (drag.to === drag.from) return;
    if (gap < all.length) all[gap].classList.add("drop-before"); else all[gap - 1].classList.add("drop-after");
  };
  const roll = () => {
    if (!drag) return;
    const by = drag.y < EDGE ? -PACE : drag.y > innerHeight - EDGE ? PACE : 0;
    if (by) { scrollBy(0, by); mark(); }
    requestAnimationFrame(roll);
  };
  const end = (isDone) => {
    if (!drag) return;
    const { row, from, to } = drag;
    drag = null;
    row.classList.remove("is-dragged");
    unmark();
    if (isDone && to !== from) ask(row, to);
  };

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-grip]");
    if (!grip || event.button !== 0 || !event.isPrimary) return;
    const row = grip.closest(".component"), from = rows().indexOf(row);
    drag = { id: event.pointerId, row, from, to: from, y: event.clientY };
    grip.setPointerCapture(event.pointerId);
    grip.focus({ preventScroll: true });
    row.classList.add("is-dragged");
    requestAnimationFrame(roll);
  });
  document.addEventListener("pointermove", (event) => {
    if (drag?.id !== event.pointerId) return;
    drag.y = event.clientY;
    mark();
  });
  document.addEventListener("pointerup", (event) => { if (drag?.id === event.pointerId) end(true); });
  document.addEventListener("pointercancel", (event) => { if (drag?.id === event.pointerId) end(false); });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { end(false); return; }
    const grip = event.target.closest?.("[data-grip]"), by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!grip || !by || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const row = grip.closest(".component"), to = rows().indexOf(row) + by;
    if (to >= 0 && to < rows().length) ask(row, to);
  });

  // Who moved a component goes on from it: a swap may take the focus away, and at an end of the list the button is off.
  let focused = "";
  document.addEventListener("htmx:before:swap", () => { focused = document.activeElement?.id || ""; });
  document.addEventListener("htmx:after:swap", () => {
    const was = focused && document.getElementById(focused);
    if (!was || !form()?.contains(was)) return;
    const now = was.disabled ? was.closest(".component")?.querySelector("[data-grip]") : was;
    if (now && document.activeElement !== now) now.focus({ preventScroll: true });
    now?.closest(".component")?.querySelector(".component-head").scrollIntoView({ block: "nearest" });
  });
})();
