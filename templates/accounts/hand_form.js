{% comment %}Served by `accounts.views.raising.form_script`. Vanilla, without eval, inline style or handlers: it works on pages whose policy allows this host alone.{% endcomment %}(function () {
  "use strict";
  var told = {{ data|safe }};
  var script = document.currentScript;
  if (!script) return;
  var given = script.dataset;

  function make(tag, attributes, text) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text) element.textContent = text;
    return element;
  }

  function field(form, name, label, tag, attributes) {
    var line = make("p"), id = "hand-" + told.key + "-" + name;
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
  hidden(form, "group_id", given.groupId);
  var title = make("p", { "class": "hand-form-title" });
  title.append(make("strong", {}, told.question));
  form.append(title);
  var problem = make("p", { "class": "hand-form-problem", id: "hand-" + told.key + "-problem", role: "alert" });
  problem.hidden = true;
  form.append(problem);
  field(form, "email", told.email, "input", { type: "email", required: "", maxlength: "200", autocomplete: "email" });
  var known = { name: "name", title: "organization-title", company: "organization" };
  told.asks.forEach(function (ask) {
    if (ask[0] === "message") field(form, "message", ask[1], "textarea", { rows: "4", maxlength: "2000" });
    else field(form, ask[0], ask[1], "input", { type: "text", maxlength: "200", autocomplete: known[ask[0]] });
  });
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
    problem.hidden = true;
    form.querySelectorAll("[aria-invalid]").forEach(function (one) { one.removeAttribute("aria-invalid"); });
    button.disabled = true;
    button.textContent = told.sending;
    var body = new URLSearchParams();
    new FormData(form).forEach(function (value, name) { body.append(name, String(value)); });
    fetch(told.action, { method: "POST", body: body, headers: { Accept: "application/json" }, credentials: "omit" })
      .then(function (answer) {
        if (answer.ok) {
          var thanks = make("p", { "class": "hand-form hand-form-thanks", role: "status", tabindex: "-1" }, told.thanks);
          form.replaceWith(thanks);
          thanks.focus();
          return null;
        }
        return answer.json().then(function (said) {
          var error = said.error || {};
          if (answer.status === 400) tell(error.message || told.failed, error.field);
          else tell(told.failed);
        });
      })
      .catch(function () { tell(told.failed); });
  });

  var style = make("link", { rel: "stylesheet", href: told.style });
  document.head.append(style);
  var place = given.target ? document.querySelector(given.target) : null;
  if (place) place.append(form);
  else script.after(form);
})();
