// The frame: views, time span, pause, keys.

import { Cardinality, title as cardinality } from "./cardinality.js";
import { el, say } from "./dom.js";
import { Feed } from "./feed.js";
import { seconds } from "./format.js";
import { Functions, title as functions } from "./functions.js";
import { Histograms, title as histograms } from "./heatmap.js";
import { Metrics, title as metrics } from "./metrics.js";
import { Objectives, title as objectives } from "./objectives.js";
import { Overview, title as overview } from "./overview.js";

const VIEWS = [
  { id: "overview", title: overview, View: Overview },
  { id: "functions", title: functions, View: Functions },
  { id: "metrics", title: metrics, View: Metrics },
  { id: "histograms", title: histograms, View: Histograms },
  { id: "cardinality", title: cardinality, View: Cardinality },
  { id: "objectives", title: objectives, View: Objectives },
];
const SPANS = [[60, "1 min"], [300, "5 min"], [900, "15 min"]];
const STATES = { connecting: "connecting", live: "live", paused: "paused", lost: "no answer" };

const feed = new Feed();
const part = (id) => document.getElementById(id);
const panel = part("panel");
const views = new Map();
let active = null;
let span = SPANS[0][0];
let isDue = false;

const tabs = VIEWS.map(({ id, title }) =>
  el("button", { class: "tab", type: "button", role: "tab", id: `tab-${id}`, "aria-controls": "panel", onclick: () => show(id, true) }, title),
);
const spans = SPANS.map(([length, text]) =>
  el("button", { class: "segment", type: "button", "aria-pressed": String(length === span), onclick: () => choose(length) }, text),
);
part("tabs").append(...tabs);
part("spans").append(...spans);

/** Shows a view, which is made when it is first asked for. */
function show(id, isChosen = false) {
  const at = Math.max(0, VIEWS.findIndex((view) => view.id === id));
  const { id: name, View } = VIEWS[at];
  if (!views.has(name)) views.set(name, new View(feed));
  active = views.get(name);
  panel.replaceChildren(active.root);
  panel.setAttribute("aria-labelledby", `tab-${name}`);
  tabs.forEach((tab, i) => {
    tab.setAttribute("aria-selected", String(i === at));
    tab.tabIndex = i === at ? 0 : -1;
  });
  tabs[at].scrollIntoView({ block: "nearest", inline: "nearest" });
  if (isChosen) history.replaceState(null, "", `#${name}`);
  redraw();
}

function choose(length) {
  span = length;
  spans.forEach((button, i) => button.setAttribute("aria-pressed", String(SPANS[i][0] === span)));
  redraw();
}

/** Draws once before the next frame, however often it is asked to, and not while hidden. */
function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    const to = feed.latest?.time ?? 0;
    active.update({ points: feed.since(span), span, from: to - span, to, isLive: feed.state === "live" });
    frame();
  });
}

/** What is around the views. */
function frame() {
  const name = feed.program ?? "Metrics";
  say(part("program"), name);
  document.title = `${name} · metrics`;
  const build = Object.fromEntries(feed.build);
  say(part("build"), [build.version, build.revision?.slice(0, 9), build.profile].filter(Boolean).join(" · "));
  const latest = feed.latest;
  say(part("cost"), latest ? `gathered in ${seconds(latest.took)}` : "");
  const key = feed.links.map((link) => link.href).join();
  const links = part("links");
  if (links.dataset.key !== key) {
    links.dataset.key = key;
    links.replaceChildren(...feed.links.map((link) => el("a", { href: link.href }, link.text)));
  }
}

function pause() {
  if (feed.state === "paused") feed.resume();
  else feed.pause();
}

/** Moves between tabs as their role promises. */
function step(event) {
  const at = tabs.indexOf(document.activeElement);
  const moves = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
  if (at < 0 || !(event.key in moves)) return;
  event.preventDefault();
  const to = (moves[event.key] + tabs.length) % tabs.length;
  show(VIEWS[to].id, true);
  tabs[to].focus();
}

part("tabs").addEventListener("keydown", step);
part("pause").addEventListener("click", pause);
panel.addEventListener("redraw", redraw);
addEventListener("hashchange", () => show(location.hash.slice(1)));
document.addEventListener("visibilitychange", redraw);

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, select, textarea");
  if (event.key === "Escape" && isTyping) event.target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    show("metrics", true);
    active.focus();
  } else if (event.key === "p") {
    pause();
  } else if (/^[1-6]$/.test(event.key)) {
    show(VIEWS[Number(event.key) - 1].id, true);
  }
});

feed.addEventListener("points", redraw);
feed.addEventListener("state", () => {
  const status = part("status");
  status.dataset.state = feed.state;
  say(status, STATES[feed.state]);
  status.title = feed.trouble;
  const button = part("pause");
  say(button, feed.state === "paused" ? "Resume" : "Pause");
  button.setAttribute("aria-pressed", String(feed.state === "paused"));
});

show(location.hash.slice(1));
feed.start();
