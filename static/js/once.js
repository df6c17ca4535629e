// A form that takes seconds is sent once, and says that it is at work until the next page is there.
(() => {
  const busy = (form, is) => {
    form.toggleAttribute("data-sent", is);
    form.setAttribute("aria-busy", String(is));
    for (const words of form.querySelectorAll("[data-busy]")) words.hidden = !is;
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.hasAttribute("data-sent")) event.preventDefault();
    else busy(form, true);
  });
  // Back from the next page: it can be sent again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-once]")) busy(form, false);
  });
})();
