// The keyboard of the queue and of the account page: every key presses a control that is on the page anyway. Off when the member
// switched it off. And working through: after an account is closed the next one opens; what is selected stays selected.
(() => {
  "use strict";
  const rows = () => [...document.querySelectorAll(".row-link")];
  const itemOf = (link) => link.closest(".row-item");
  const current = () => rows().find((link) => link.getAttribute("aria-current"));
  const isAsking = () => Boolean(document.querySelector("dialog[open]"));

  const mark = (link) => {
    rows().forEach((other) => {
      other.removeAttribute("aria-current");
      itemOf(other).classList.remove("row-selected");
    });
    link.setAttribute("aria-current", "true");
    itemOf(link).classList.add("row-selected");
  };
  const go = (link) => {
    if (!link) return;
    if (!isAsking()) link.focus({ preventScroll: true });
    itemOf(link).scrollIntoView({ block: "nearest" });
    link.click();
  };
  const move = (by) => {
    const all = rows();
    if (all.length) go(all[Math.min(all.length - 1, Math.max(0, all.indexOf(current()) + by))]);
  };
  // A page that has just come, or a part of it, may not be htmx's yet: a key waits for that instead of leaving the page.
  const press = (selector, tries = 20) => {
    const control = document.querySelector(selector), asking = control?.closest("[hx-get]") || control?.form?.closest("[hx-post]");
    if (asking && !asking.hasAttribute("data-htmx-powered") && tries) setTimeout(() => press(selector, tries - 1), 25);
    else control?.click();
  };
  // While the next account is still loading, its buttons are not there yet: an action waits for them.
  let loading = 0, waiting = null;
  const act = (selector) => { if (loading) waiting = selector; else press(selector); };
  const BULK = { c: "claim", s: "snooze", x: "disqualify" };
  const verb = (key) => () => {
    if (chosen.size && BULK[key]) press(`.bulk button[value="${BULK[key]}"]`);
    else act(`:is(.item-actions, .play-slot) [data-shortcut="${key}"]`);
  };
  // The newest first: what toasts told, then what they told before (app.js keeps that), then what the account's history tells.
  const undo = () => {
    const ready = (within) => [...document.querySelectorAll(`${within} [data-undo]`)].filter((one) => !one.form.dataset.sent).pop();
    const button = ready("[data-toast]") || ready("body > [hidden]") || document.querySelector("[data-undo-line]");
    if (button?.form.matches("[hx-post]")) button.form.dataset.sent = "1";
    button?.click();
  };
  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    u: undo,
    Enter: () => press("#open-account"),
    " ": () => { const link = current(); if (link) choose(itemOf(link)); },
    "/": () => document.getElementById("search")?.focus(),
    "?": () => document.getElementById("help")?.showModal(),
    Escape: () => clear(),
  };
  "crsdxbtnagop".split("").forEach((key) => { KEYS[key] = verb(key); });

  document.addEventListener("keydown", (event) => {
    if (document.body.dataset.shortcuts !== "on") return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !"jk".includes(event.key)) return;
    if (isAsking()) return;
    // For a frame after it closed, the dialog's button still has the focus: such a key is meant for the page.
    const at = event.target.closest("dialog") ? document.body : event.target;
    if (at.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    // Enter and space do what the control does that has the focus; from the page or a row they are shortcuts.
    if ((event.key === "Enter" || event.key === " ") && at.closest("a, button, summary, input") && !at.closest(".row-link")) return;
    if (event.key === "Escape" && !chosen.size) return;
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

  // Working through: the next row that waits, the first one after the last.
  const rowOf = (id) => document.getElementById(`row-${id}`);
  document.addEventListener("queue:onward", (event) => {
    const all = rows(), here = all.indexOf(rowOf(event.detail.item));
    if (here < 0 || all[here] !== current()) return;
    const after = [...all.slice(here + 1), ...all.slice(0, here)];
    const next = after.find((link) => itemOf(link).hasAttribute("data-waits"));
    const last = document.getElementById("queue-last"), news = document.getElementById("queue-news");
    if (next) go(next); else if (last && news) news.replaceChildren(last.content.cloneNode(true));
  });
  document.addEventListener("queue:open", (event) => {
    const link = rowOf(event.detail.item);
    if (link && link !== current()) go(link);
  });
  // A dialog gives the focus back to what opened it; when that is gone, to the account that is open now.
  document.addEventListener("queue:back", () => setTimeout(() => {
    const at = document.activeElement, link = current();
    if (link && (at === document.body || !at?.isConnected || !at.closest(`[data-item="${itemOf(link).id.slice(5)}"]`))) link.focus({ preventScroll: true });
  }));

  // A button that was pressed and is gone gives its focus to the one that came in its place.
  let worked = "";
  document.addEventListener("focusin", (event) => { worked = event.target.closest?.(".item-actions")?.id || ""; });
  document.addEventListener("htmx:after:swap", () => {
    if (worked && document.activeElement === document.body) document.querySelector(`#${worked} .verbs :is(a, button, summary)`)?.focus();
  });

  // Selecting: by box, space, or shift and a click for all between.
  const chosen = new Set();
  let last = null, matching = false; // all that match, also those that are not on the page
  const boxes = () => [...document.querySelectorAll(".row-check input")];
  const show = () => {
    const all = boxes();
    const known = new Set(all.map((box) => box.value));
    [...chosen].forEach((id) => { if (!known.has(id)) chosen.delete(id); });
    all.forEach((box) => { box.checked = chosen.has(box.value); });
    const count = document.getElementById("bulk-count"), every = document.getElementById("bulk-all");
    if (!count) return;
    const isEvery = all.length > 0 && chosen.size === all.length, match = document.getElementById("bulk-match");
    matching &&= isEvery;
    if (match) match.checked = matching;
    count.closest(".bulk").classList.toggle("bulk-every", isEvery);
    count.textContent = matching && match ? match.dataset.chosen : !chosen.size ? "" : chosen.size === 1 ? count.dataset.one : count.dataset.many.replace("%n", chosen.size);
    count.closest(".bulk").classList.toggle("bulk-on", chosen.size > 0);
    every.checked = isEvery;
    every.indeterminate = chosen.size > 0 && chosen.size < all.length;
  };
  const set = (box, on) => { if (on) chosen.add(box.value); else chosen.delete(box.value); };
  const choose = (item) => {
    const box = item.querySelector(".row-check input");
    if (!box) return;
    set(box, !chosen.has(box.value));
    last = box.value;
    show();
  };
  const clear = () => { chosen.clear(); matching = false; show(); };
  document.addEventListener("click", (event) => {
    const item = event.target.closest(".row-item");
    if (!event.shiftKey || !item || !item.querySelector(".row-check")) return;
    event.preventDefault();
    event.stopPropagation();
    const all = boxes(), to = all.indexOf(item.querySelector(".row-check input"));
    const from = Math.max(0, all.findIndex((box) => box.value === (last || current()?.closest(".row-item").id.slice(5))));
    all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((box) => set(box, true));
    last = all[to].value;
    show();
  }, true);
  document.addEventListener("change", (event) => {
    if (event.target.id === "bulk-all") { boxes().forEach((box) => set(box, event.target.checked)); show(); }
    else if (event.target.id === "bulk-match") { matching = event.target.checked; show(); }
    else if (event.target.closest(".row-check")) { set(event.target, event.target.checked); last = event.target.value; show(); }
  });
  document.addEventListener("queue:chosen", clear);
  document.addEventListener("htmx:finally:request", (event) => {
    if (event.detail.ctx.sourceElement?.id === "bulk" && !document.querySelector("#verb-body form")) clear();
  });
  document.addEventListener("htmx:after:swap", () => {
    const open = document.querySelector(".queue-detail");
    const link = open && rowOf(open.id.slice(7));
    if (link && link !== current() && !loading) mark(link);
    show();
  });
})();
