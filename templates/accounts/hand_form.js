{% comment %}Served by `accounts.views.raising.form_script`. Vanilla, without eval, inline style or handlers: it works on pages whose policy allows this host alone.{% endcomment %}(function () {
  "use strict";
  var told = {{ data|safe }};
  var script = document.currentScript || document.querySelector('script[src*="/forms/' + told.key + '.js"]');
  if (!script) return;
  var given = script.dataset;
  // A page may have the form twice.
  var own = "hand-" + told.key + "-" + Math.random().toString(36).slice(2, 8);

  function make(tag, attributes, text) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text) element.textContent = text;
    return element;
  }

  function field(form, name, label, tag, attributes) {
    var line = make("p"), id = own + "-" + name;
    var input = make(tag, Object.assign({ id: id, name: name }, attributes));
    if (given[name]) input.value = given[name];
    line.append(make("label", { "for": id }, label), input);
    form.append(line);
    return input;
  }

  function hidden(form, name, value) {
    if (value) form.append(make("input", { type: "hidden", name: name, value: value }));
  }

  var form = make("form", { "class": "hand-form", method: "post", action: told.action, "accept-charset": "utf-8" });
  hidden(form, "form", told.key);
  hidden(form, "token", told.token);
  hidden(form, "placement", given.placement);
  hidden(form, "user_id", given.userId);
  hidden(form, "user_hash", given.userHash);
  hidden(form, "group_id", given.groupId);
  var title = make("p", { "class": "hand-form-title" });
  title.append(make("strong", {}, told.question));
  form.append(title);
  var problem = make("p", { "class": "hand-form-problem", id: own + "-problem", role: "alert" });
  problem.hidden = true;
  form.append(problem);
  field(form, "email", told.email, "input", { type: "email", required: "", maxlength: "200", autocomplete: "email" });
  var known = { name: "name", title: "organization-title", company: "organization" };
  told.asks.forEach(function (ask) {
    if (ask[0] === "message") field(form, "message", ask[1], "textarea", { rows: "4", maxlength: "10000", dir: "auto" });
    else field(form, ask[0], ask[1], "input", { type: "text", maxlength: "200", dir: "auto", autocomplete: known[ask[0]] });
  });
  if (told.consent) {
    var agreed = make("p", { "class": "hand-consent" }), box = own + "-consent";
    agreed.append(make("input", { id: box, type: "checkbox", name: "consent", value: "yes", required: "" }), " ");
    agreed.append(make("label", { "for": box }, told.consent));
    if (told.consent_url) agreed.append(" ", make("a", { href: told.consent_url, target: "_blank", rel: "noopener" }, told.about));
    form.append(agreed);
  }
  var trap = make("p", { hidden: "", "aria-hidden": "true" });
  trap.append(make("input", { name: "website", tabindex: "-1", autocomplete: "off" }));
  form.append(trap);
  var last = make("p"), button = make("button", { type: "submit" }, told.button);
  last.append(button);
  form.append(last);

  function tell(words, name) {
    problem.textContent = words;
    problem.hidden = false;
    button.disabled = false;
    button.textContent = told.button;
    var wrong = name && form.elements.namedItem(name);
    if (wrong && wrong.type !== "hidden") {
      wrong.setAttribute("aria-invalid", "true");
      wrong.setAttribute("aria-describedby", problem.id);
      wrong.focus();
    }
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (button.disabled) return;
    problem.hidden = true;
    form.querySelectorAll("[aria-invalid]").forEach(function (one) { one.removeAttribute("aria-invalid"); });
    button.disabled = true;
    button.textContent = told.sending;
    var body = new URLSearchParams();
    new FormData(form).forEach(function (value, name) { body.append(name, String(value)); });
    fetch(told.action, { method: "POST", body: body, headers: { Accept: "application/json" }, credentials: "omit" })
      .then(function (answer) {
        if (answer.ok && told.thanks_url) {
          window.location.assign(told.thanks_url);
          return null;
        }
        if (answer.ok) {
          var thanks = make("p", { "class": "hand-form hand-form-thanks", role: "status", tabindex: "-1" }, told.thanks);
          form.replaceWith(thanks);
          thanks.focus();
          return null;
        }
        return answer.json().then(function (said) {
          var error = said.error || {};
          if (answer.status === 400 || error.code === "too_many") tell(told.problems[error.field] || error.message || told.failed, error.field);
          else tell(told.failed);
        });
      })
      .catch(function () { tell(told.failed); });
  });

  if (!document.querySelector('link[href="' + told.style + '"]')) {
    document.head.append(make("link", { rel: "stylesheet", href: told.style }));
  }

  // What stood there for browsers that do not get this script gives way.
  function into(place) {
    place.querySelectorAll("[data-hand-fallback]").forEach(function (one) { one.remove(); });
    place.append(form);
  }

  function mount() {
    if (!given.target) {
      if (script.parentNode && script.parentNode !== document.head) script.after(form);
      else document.body.append(form);
      return;
    }
    var place = document.querySelector(given.target);
    if (place) {
      into(place);
      return;
    }
    // An app may draw the place later.
    var watch = new MutationObserver(function () {
      place = document.querySelector(given.target);
      if (!place) return;
      watch.disconnect();
      into(place);
    });
    watch.observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["id", "class"] });
  }

  if (document.body) mount();
  else document.addEventListener("DOMContentLoaded", mount);
})();
