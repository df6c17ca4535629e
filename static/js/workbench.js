// The workbench: sliders beside their numbers, shares while one edits, curves and thresholds that are dragged, and saving by itself.
// Everything here is an addition: the form works without it. Drawings are the server's; what is dragged is redrawn here.
(() => {
  "use strict";
  const QUIET = 250;
  const form = () => document.getElementById("draft-form");
  const editable = () => form() && !form().querySelector("fieldset").disabled;
  const number = (input) => { const text = input.value.trim().replace(",", ".").replace("−", "-"); return text ? Number(text) : NaN; };
  const plain = (value) => String(Math.round(value * 10000) / 10000);

  // Saving: after a quiet moment, one request at a time; what changed meanwhile goes with the next.
  let timer, isSaving = false, isDirty = false;
  const save = () => {
    clearTimeout(timer);
    if (isSaving) { isDirty = true; return; }
    const at = document.getElementById("autosave");
    if (!at || !editable()) return;
    isDirty = false;
    at.dispatchEvent(new CustomEvent("autosave"));
  };
  const saveSoon = () => { clearTimeout(timer); timer = setTimeout(save, QUIET); };
  const isOurs = (event) => { const source = event.detail.ctx?.sourceElement; return source && (source.id === "autosave" || source.id === "draft-form"); };
  document.addEventListener("draft-save", save);
  // A button that is pressed while a save is under way waits for it: it would come with a revision that is over.
  let waiting = null;
  document.addEventListener("submit", (event) => {
    if (!isSaving || event.target !== form()) return;
    event.preventDefault();
    event.stopPropagation();
    waiting = [event.submitter, event.submitter?.value];
  }, true);
  document.addEventListener("htmx:before:request", (event) => {
    if (!isOurs(event)) return;
    isSaving = true;
    clearTimeout(timer);
    // A later morph compares attributes: let them say what the inputs hold.
    form().querySelectorAll("input:not([type=checkbox])").forEach((input) => input.setAttribute("value", input.value));
    document.getElementById("effect")?.classList.add("effect-busy");
  });
  document.addEventListener("htmx:finally:request", (event) => {
    if (!isOurs(event)) return;
    isSaving = false;
    document.getElementById("effect")?.classList.remove("effect-busy");
    if (waiting) {
      const [button, value] = waiting;
      waiting = null;
      if (button?.isConnected) { button.value = value; form().requestSubmit(button); return; }
    }
    if (isDirty) saveSoon();
  });

  // Shares of the weights, and what each component carries.
  const share = () => {
    const weights = [...document.querySelectorAll("[data-weight]")];
    const all = weights.reduce((sum, input) => sum + Math.max(number(input) || 0, 0), 0);
    weights.forEach((input) => {
      const part = all ? (100 * Math.max(number(input) || 0, 0)) / all : 0;
      input.closest(".component").querySelector("[data-share]").textContent = plain(Math.round(part * 10) / 10);
    });
  };
  const carry = () => {
    const told = document.getElementById("effect")?.dataset.carries;
    if (!told) return;
    const shares = JSON.parse(told);
    document.querySelectorAll("[data-carries]").forEach((output) => {
      if (output.id !== "effect") output.textContent = shares[output.dataset.carries] ?? "0";
    });
  };

  // Curves.
  const ROOM = 92;
  const points = (part) => [...part.querySelectorAll("[data-x]")].map((x) => [number(x), number(x.closest("tr").querySelector("[data-y]"))]);
  const scale = (part) => {
    const svg = part.querySelector("[data-curve]");
    const low = Number(svg.dataset.low), high = Number(svg.dataset.high);
    const top = Math.max(...points(part).map(([, y]) => y || 0), 0) || 1;
    return { svg, low, high, top, x: (value) => (100 * (value - low)) / (high - low), y: (value) => 100 - (ROOM * value) / top };
  };
  const drawCurve = (part) => {
    const at = scale(part), all = points(part);
    if (all.some(([x, y]) => !Number.isFinite(x) || !Number.isFinite(y))) return;
    const steps = part.querySelector("[data-kind]").value === "step";
    const corners = [[0, steps ? 100 : at.y(all[0][1])]];
    all.forEach(([x, y]) => {
      if (steps) corners.push([at.x(x), corners[corners.length - 1][1]]);
      corners.push([at.x(x), at.y(y)]);
    });
    corners.push([100, corners[corners.length - 1][1]]);
    const line = corners.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
    at.svg.querySelector(".curve-stroke").setAttribute("points", line);
    at.svg.querySelector(".curve-fill").setAttribute("points", `0,100 ${line} 100,100`);
    at.svg.querySelectorAll("[data-point]").forEach((circle, place) => {
      if (!all[place]) return;
      circle.setAttribute("cx", `${at.x(all[place][0])}%`);
      circle.setAttribute("cy", `${at.y(all[place][1])}%`);
    });
  };
  const drawDecay = (part) => {
    const input = part.querySelector("[data-half-life]");
    if (!input) return;
    const half = number(input), words = part.querySelector("[data-decay-words]");
    const ok = half > 0;
    let line = "";
    for (let day = 0; ok && day <= 90; day += 3) line += `${((100 * day) / 90).toFixed(2)},${(100 - ROOM * 0.5 ** (day / half)).toFixed(2)} `;
    part.querySelector("[data-decay]").setAttribute("points", line.trim());
    part.querySelectorAll("[data-left]").forEach((cell) => { cell.textContent = ok ? Math.round(100 * 0.5 ** (cell.dataset.left / half)) : 100; });
    if (ok) words.textContent = words.dataset.words.replace("%", `${Math.round(100 * 0.5 ** (30 / half))} %`);
  };

  const dragCurve = (event) => {
    const circle = event.target.closest("[data-point]");
    if (!circle || !editable()) return;
    event.preventDefault();
    const part = circle.closest(".component"), place = Number(circle.dataset.point), at = scale(part);
    const xs = [...part.querySelectorAll("[data-x]")], ys = [...part.querySelectorAll("[data-y]")];
    const digits = at.high - at.low > 20 ? 0 : at.high - at.low > 2 ? 1 : 2;
    const least = 10 ** -digits;
    circle.setPointerCapture(event.pointerId);
    const move = (step) => {
      const box = at.svg.getBoundingClientRect();
      let x = at.low + ((step.clientX - box.left) / box.width) * (at.high - at.low);
      const y = ((1 - (step.clientY - box.top) / box.height) * 100 / ROOM) * at.top;
      if (place > 0) x = Math.max(x, number(xs[place - 1]) + least);
      if (place < xs.length - 1) x = Math.min(x, number(xs[place + 1]) - least);
      xs[place].value = String(Number(x.toFixed(digits)));
      ys[place].value = String(Math.max(0, Number(y.toFixed(at.top > 20 ? 0 : 1))));
      drawCurve(part);
    };
    const stop = () => {
      circle.removeEventListener("pointermove", move);
      save();
    };
    circle.addEventListener("pointermove", move);
    circle.addEventListener("pointerup", stop, { once: true });
    circle.addEventListener("pointercancel", stop, { once: true });
  };

  // Thresholds on the histogram.
  const place = (handle, value) => {
    handle.querySelectorAll("line").forEach((line) => { line.setAttribute("x1", `${value}%`); line.setAttribute("x2", `${value}%`); });
    handle.querySelector("text").setAttribute("x", `${value}%`);
    handle.querySelector("[data-value]").textContent = value;
    handle.setAttribute("aria-valuenow", value);
  };
  const setThreshold = (handle, value) => {
    const input = document.getElementById(handle.dataset.handle);
    const other = document.getElementById(input.id === "threshold-pqa" ? "threshold-activate" : "threshold-pqa");
    const low = input.id === "threshold-pqa" ? number(other) + 1 : 1;
    const high = input.id === "threshold-pqa" ? 100 : number(other) - 1;
    const within = Math.round(Math.min(high, Math.max(low, value)));
    input.value = within;
    place(handle, within);
  };
  const dragThreshold = (event) => {
    const handle = event.target.closest("[data-handle]");
    if (!handle || !editable()) return;
    event.preventDefault();
    const svg = handle.closest(".plot-svg");
    handle.setPointerCapture(event.pointerId);
    const move = (step) => {
      const box = svg.getBoundingClientRect();
      setThreshold(handle, (100 * (step.clientX - box.left)) / box.width);
    };
    handle.addEventListener("pointermove", move);
    const stop = () => { handle.removeEventListener("pointermove", move); save(); };
    handle.addEventListener("pointerup", stop, { once: true });
    handle.addEventListener("pointercancel", stop, { once: true });
  };

  document.addEventListener("pointerdown", (event) => { dragCurve(event); dragThreshold(event); });
  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.("[data-handle]");
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key];
    if (!handle || !by || !editable()) return;
    event.preventDefault();
    setThreshold(handle, Number(handle.getAttribute("aria-valuenow")) + by);
    saveSoon();
  });

  // Numbers are inputs of text, so that half a number is kept as it was typed; the arrow keys still count.
  document.addEventListener("keydown", (event) => {
    const input = event.target, by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || !input.matches?.("#draft-form [inputmode]") || !Number.isFinite(number(input)) || !editable()) return;
    event.preventDefault();
    const step = input.inputMode === "numeric" || Math.abs(number(input)) > 2 ? 1 : 0.1;
    input.value = plain(number(input) + by * step);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });

  document.addEventListener("input", (event) => {
    const input = event.target;
    if (!input.closest || input.closest("form, [form=draft-form]") !== form() || !form()) return;
    if (input.name === "segments") {
      // Whose recipe it is stands on the tabs and in the menu beside them: they come with the whole form.
      const button = document.getElementById("draft-do");
      button.value = "save";
      form().requestSubmit(button);
      return;
    }
    if (input.dataset.mirror) document.getElementById(input.dataset.mirror).value = input.value;
    if (input.matches("[data-weight]")) {
      const range = document.getElementById(input.id.replace(/-weight$/, "-range"));
      if (range && Number.isFinite(number(input))) range.value = number(input);
    }
    share();
    const part = input.closest(".component");
    if (part && input.matches("[data-x], [data-y], [data-kind]")) drawCurve(part);
    if (part && input.matches("[data-half-life]")) drawDecay(part);
    const handle = document.querySelector(`[data-handle="${input.id}"]`);
    if (handle && Number.isFinite(number(input))) place(handle, number(input));
    saveSoon();
  });

  // What is wrong, at its field: the server names the path, the nearest place around it shows the words.
  const showWrong = () => {
    const said = document.querySelector("#draft-problem [data-wrong]");
    document.querySelectorAll("#draft-form [aria-invalid]").forEach((input) => { input.removeAttribute("aria-invalid"); input.removeAttribute("aria-describedby"); });
    document.querySelectorAll("#draft-form [data-error]").forEach((line) => { line.hidden = true; line.textContent = ""; });
    if (!said) return;
    let path = said.dataset.wrong;
    const input = [...form().elements].find((each) => each.name === path);
    let line = null;
    while (path && !line) {
      line = document.querySelector(`#draft-form [data-error="${CSS.escape(path)}"]`);
      if (!line) path = path.replace(/(?:\.[a-z_]+|\[\d+\]|^[a-z_]+)$/, "");
    }
    if (line) {
      line.hidden = false;
      line.textContent = said.dataset.reason;
      line.id = line.id || `wrong-${path.replace(/\W+/g, "-")}`;
      const details = line.closest("details");
      if (details) details.open = true;
    }
    if (input) {
      input.setAttribute("aria-invalid", "true");
      if (line) input.setAttribute("aria-describedby", line.id);
    }
  };

  const refresh = () => {
    if (!form()) return;
    share();
    carry();
    showWrong();
    document.querySelectorAll("[data-half-life]").forEach((input) => drawDecay(input.closest(".component")));
  };
  // The line that leads to the effect goes while the effect is in view.
  const bar = () => document.getElementById("effect-bar");
  if (bar()) new IntersectionObserver(([entry]) => document.body.classList.toggle("effect-seen", entry.isIntersecting), { rootMargin: "0px 0px -80px" }).observe(document.getElementById("effect"));
  document.addEventListener("htmx:after:swap", refresh);
  refresh();
})();
