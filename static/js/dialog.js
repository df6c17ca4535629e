// The quick forms of the queue in a dialog: opened at once, filled when the form is there, closed when it is saved. Digits and
// letters pick what they stand beside. Without this script every one of them is a page.
(() => {
  "use strict";
  const dialog = () => document.getElementById("verb-dialog");
  const body = () => document.getElementById("verb-body");
  const formOf = () => body()?.querySelector("form");
  const isOn = () => document.body.dataset.shortcuts === "on";
  const NEXT = { other: "words", bad_timing: "words", date: "on" };
  let typed = []; // keys that were faster than the form

  const open = () => { if (!dialog().open) dialog().showModal(); };
  const pick = (form, key) => {
    const choice = form.querySelector(`[data-pick="${CSS.escape(key)}"]`);
    if (!choice) return false;
    choice.checked = true;
    (form.elements.namedItem(NEXT[choice.value] || "") || choice).focus();
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  };
  const arrive = (form) => {
    window.drafts?.restore(form);
    const all = "input:not([type=hidden]), select, textarea";
    let first = form.querySelector(`.field-wrong :is(${all})`) || form.querySelector(all);
    if (first?.type === "radio") first = [...form.elements.namedItem(first.name)].find((one) => one.checked) || first;
    first?.focus();
    const keys = typed;
    typed = [];
    keys.forEach((key) => { if (key === "Enter") form.requestSubmit(); else if (isOn()) pick(form, key); });
  };

  document.addEventListener("htmx:before:request", (event) => {
    if (!event.detail.ctx.sourceElement?.matches?.("[data-opens]")) return;
    event.detail.ctx.sourceElement.closest("details.more")?.removeAttribute("open");
    typed = [];
    body().replaceChildren(document.getElementById("verb-loading").content.cloneNode(true));
    open();
  });
  document.addEventListener("htmx:after:swap", () => {
    const form = formOf();
    if (!form || form.dataset.arrived) return;
    form.dataset.arrived = "1";
    open();
    arrive(form);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const { ctx } = event.detail, source = ctx.sourceElement;
    if (!body() || !source) return;
    const ok = ctx.response?.status < 300 && ctx.response.status !== 204, sent = ctx.request.form;
    if (sent?.id === "verb-form" && ok) {
      window.drafts?.drop(sent);
      if (sent.elements.namedItem("ids")) document.dispatchEvent(new CustomEvent("queue:chosen"));
      if (sent.isConnected) dialog().close(); // else another form came in its place
    } else if (source.matches("[data-opens]") && !formOf()) dialog().close();
  });
  document.addEventListener("keydown", (event) => {
    if (!dialog()?.open || !event.target.closest("#verb-dialog")) return;
    const form = formOf();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form?.requestSubmit(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select")) return;
    if (!form) {
      if (event.key.length === 1 || event.key === "Enter") { typed.push(event.key); event.preventDefault(); }
    } else if (isOn() && event.key.length === 1 && pick(form, event.key)) {
      event.preventDefault();
    } else if (event.key === "Enter" && !event.target.closest("button, a, input")) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  // Closed by a click beside it, as by Escape: what was typed is kept.
  document.addEventListener("click", (event) => { if (event.target.id === "verb-dialog") event.target.close(); });
  document.addEventListener("close", (event) => {
    if (event.target.id !== "verb-dialog") return;
    body().replaceChildren();
    document.dispatchEvent(new CustomEvent("queue:back"));
  }, true);
})();
