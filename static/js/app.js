// What every page does: toasts that leave, menus that close. Everything here is an addition; pages work without it.
(() => {
  "use strict";
  const TOAST_SECONDS = 10;

  // A toast that leaves keeps its Undo for the key: one after another, the newest first.
  const shelf = document.createElement("div");
  shelf.hidden = true;
  document.body.append(shelf);
  const leave = (toast) => {
    const undo = toast.querySelector("[data-undo]")?.form;
    if (undo) shelf.append(undo);
    toast.remove();
  };

  const watch = (toast) => {
    if (toast.dataset.watched) return;
    toast.dataset.watched = "1";
    let timer;
    const start = () => { timer = setTimeout(() => leave(toast), TOAST_SECONDS * 1000); };
    const stop = () => clearTimeout(timer);
    toast.addEventListener("mouseenter", stop);
    toast.addEventListener("mouseleave", start);
    toast.addEventListener("focusin", stop);
    toast.addEventListener("focusout", start);
    start();
  };
  const watchAll = () => {
    const toasts = [...document.querySelectorAll("[data-toast]")];
    toasts.slice(0, -2).forEach(leave);
    toasts.forEach(watch);
  };

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-toast-close]");
    if (close) leave(close.closest("[data-toast]"));
    // A menu closes by a click elsewhere.
    document.querySelectorAll("details[data-dismiss][open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog).showModal();
    if (event.target.closest("[data-dialog-close]")) event.target.closest("dialog").close();
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const text = document.getElementById(copy.dataset.copy);
      if (navigator.clipboard) {
        navigator.clipboard.writeText(text.textContent.trim());
        copy.querySelector("[data-copy-words]").textContent = copy.dataset.copied;
      } else {
        // Plain http on another host than localhost has no clipboard: select it, so that Ctrl-C copies it.
        getSelection().selectAllChildren(text);
      }
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = [...document.querySelectorAll("details[data-dismiss][open]")].pop();
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  // The Undo of a toast is done: the toast has said what it had to say. When the server was not reached it can be tried again.
  document.addEventListener("htmx:finally:request", (event) => {
    const { ctx } = event.detail, undo = ctx.sourceElement;
    if (!undo?.closest?.("[data-toast]") && undo?.parentElement !== shelf) return;
    if (!ctx.response || ctx.response.status >= 500) delete undo.dataset.sent;
    else (undo.closest("[data-toast]") || undo).remove();
  });
  document.addEventListener("htmx:after:swap", watchAll);

  // A request that failed says so; one that repeats by itself (a poll) marks the page as stale until it succeeds again.
  const say = (id) => {
    document.getElementById("toasts").append(document.getElementById(id).content.cloneNode(true));
    watchAll();
  };
  const isPoll = (ctx) => (ctx.sourceElement?.getAttribute("hx-trigger") || "").startsWith("every");
  const stale = (is) => { document.getElementById("stale").hidden = !is; };
  document.addEventListener("htmx:error", (event) => {
    if (!event.detail.ctx) return;
    if (isPoll(event.detail.ctx)) stale(true); else say("toast-failed");
  });
  document.addEventListener("htmx:response:error", (event) => {
    const { ctx } = event.detail, { status } = ctx.response;
    if (status === 409 || status === 422) return;
    if (isPoll(ctx)) stale(true); else say(status >= 500 ? "toast-failed" : "toast-refused");
  });
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail.ctx.response?.status < 400) stale(false);
  });
  // A select of a filter form sends it at once; without this script the form's button does.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit] select")) event.target.form.requestSubmit();
  });
  // On a phone the tabs are a strip that scrolls: the one that shows is brought into view.
  for (const here of document.querySelectorAll(".tabs > [aria-current]")) {
    const strip = here.parentElement;
    strip.scrollLeft = here.offsetLeft - strip.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
  }
  // A table that scrolls sideways can be scrolled by the keyboard too.
  const reach = () => document.querySelectorAll(".table-responsive").forEach((box) => {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
  });
  reach();
  document.addEventListener("htmx:after:swap", reach);
  watchAll();
})();
