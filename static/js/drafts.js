// What is typed into a quick form is kept in this tab until it is saved: a lost connection, a closed dialog, an expired session or
// a colleague who was faster cost no words. Kept by member and form; thrown away once the server has it.
(() => {
  "use strict";
  const keyOf = (form) => `draft:${form.dataset.member}:${form.dataset.draft}`;
  const fields = (form) => [...form.elements].filter((field) => field.name && !["hidden", "submit", "button"].includes(field.type));
  const read = (key) => { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } };
  const write = (key, draft) => { try { sessionStorage.setItem(key, JSON.stringify(draft)); } catch { /* full or forbidden: without */ } };

  const save = (form, sent = false) => {
    const values = {};
    fields(form).forEach((field) => {
      if (["radio", "checkbox"].includes(field.type)) { if (field.checked) (values[field.name] ??= []).push(field.value); }
      else if (field.value) values[field.name] = [field.value];
    });
    write(keyOf(form), { values, sent });
  };
  const drop = (form) => sessionStorage.removeItem(keyOf(form));
  const restore = (form) => {
    const draft = read(keyOf(form));
    if (!draft) return;
    let changed = false;
    fields(form).forEach((field) => {
      const said = draft.values[field.name] || [];
      if (["radio", "checkbox"].includes(field.type)) {
        const on = said.includes(field.value);
        if (field.checked !== on) { field.checked = on; changed = true; }
      } else if (said.length && field.value !== said[0]) { field.value = said[0]; changed = true; }
    });
    const note = document.getElementById("draft-note");
    if (changed && note) form.prepend(note.content.cloneNode(true));
  };

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.dataset.draft) save(form);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form?.dataset.draft) save(form);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-draft-drop]");
    if (!button) return;
    const form = button.closest("form");
    drop(form);
    form.reset();
    button.closest(".draft-note").remove();
    form.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  });
  // A form that is a page of its own leaves it when it is sent: the next page shows it again when it did not come through.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.draft && !event.target.hasAttribute("hx-post") && read(keyOf(event.target))) save(event.target, true);
  });
  const here = new Set([...document.querySelectorAll("form[data-draft]")].map(keyOf));
  Object.keys(sessionStorage).filter((key) => key.startsWith("draft:")).forEach((key) => {
    if (read(key)?.sent && !here.has(key)) sessionStorage.removeItem(key);
  });
  document.querySelectorAll("form[data-draft]").forEach(restore);
  window.drafts = { restore, drop };
})();
