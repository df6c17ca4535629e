// The bell, and the browser's own notifications where the member has allowed them. A page brings what is new in #told; the queue's
// poll refreshes it, other pages ask once a minute. Permission is asked for by a click in the profile alone.
(() => {
  "use strict";
  const EVERY = 60_000;
  const list = document.getElementById("told");
  if (!list) return;
  const can = "Notification" in window;
  const isGranted = () => can && Notification.permission === "granted";
  const token = () => {
    try { return JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"]; } catch { return ""; }
  };

  const popped = new Set();
  const popUp = (told) => {
    const fresh = told.filter((one) => !popped.has(one.id));
    if (!fresh.length || !isGranted()) return;
    fresh.forEach((one) => {
      popped.add(one.id);
      // Two tabs show the same: the tag makes it one.
      const shown = new Notification(one.title, { body: one.why, tag: `plsapp-${one.id}` });
      shown.addEventListener("click", () => { window.focus(); location.assign(one.href); shown.close(); });
    });
    fetch(list.dataset.shown, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify({ ids: fresh.map((one) => one.id) }),
    }).catch(() => {});
  };
  const read = () => popUp([...list.children].map(({ dataset }) => (
    { id: Number(dataset.id), title: dataset.title, why: dataset.why, href: dataset.href }
  )));
  const count = (words) => document.querySelectorAll(".bell-count").forEach((bell) => {
    if (bell.textContent !== words) bell.textContent = words;
  });

  let timer = null;
  const ask = async () => {
    // A queue in sight polls already; a page out of sight asks only when it could pop something up.
    if (document.hidden ? !isGranted() : document.getElementById("queue-version")) return;
    try {
      const answer = await fetch(list.dataset.news, { headers: { Accept: "application/json" } });
      if (answer.status === 401) clearInterval(timer);
      if (!answer.ok) return;
      const news = await answer.json();
      count(news.unread_words);
      popUp(news.to_show);
    } catch { /* the next one tells */ }
  };
  timer = setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  document.addEventListener("htmx:after:swap", read);
  read();

  // The profile's button: what the browser says of it now.
  const box = document.getElementById("browser-permission");
  if (!box) return;
  const say = () => {
    const state = !can ? "none" : Notification.permission;
    box.querySelectorAll("[data-when]").forEach((part) => { part.hidden = part.dataset.when !== state; });
  };
  box.querySelector("button")?.addEventListener("click", async () => { await Notification.requestPermission(); say(); read(); });
  say();
})();
