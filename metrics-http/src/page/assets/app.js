// The page around the views: tabs, time span, pause, keyboard.

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
const STATES = { connecting: "connecting", live: "live", paused: "paused", busy: "server is busy", lost: "no response" };

const feed = new Feed();
const byId = (id) => document.getElementById(id);
const panel = byId("panel");
const views = new Map();
let active = null;
let span = SPANS[0][0];
let isScheduled = false;

const tabs = VIEWS.map(({ id, title }) =>
  el("button", { class: "tab", type: "button", role: "tab", id: `tab-${id}`, "aria-controls": "panel", onclick: () => show(id, true) }, title),
);
const spans = SPANS.map(([length, text]) =>
  el("button", { class: "segment", type: "button", "aria-pressed": String(length === span), onclick: () => choose(length) }, text),
);
byId("tabs").append(...tabs);
byId("spans").append(...spans);

/** Shows a view, and creates it the first time. */
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

/** Schedules one update before the next frame; browsers draw no frames while the page is hidden. */
function redraw() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    const to = feed.latest?.time ?? 0;
    active.update({ points: feed.since(span), span, from: to - span, to, isLive: feed.state === "live" });
    updateFrame();
  });
}

/** Updates the header and the footer. */
function updateFrame() {
  const name = feed.program ?? "Metrics";
  say(byId("program"), name);
  document.title = `${name} · metrics`;
  const build = Object.fromEntries(feed.build);
  say(byId("build"), [build.version, build.revision?.slice(0, 9), build.profile].filter(Boolean).join(" · "));
  const latest = feed.latest;
  say(byId("cost"), latest ? `gathered in ${seconds(latest.gatherSeconds)}` : "");
  const key = feed.links.map((link) => link.href).join();
  const links = byId("links");
  if (links.dataset.key !== key) {
    links.dataset.key = key;
    links.replaceChildren(...feed.links.map((link) => el("a", { href: link.href }, link.text)));
  }
}

function togglePause() {
  if (feed.state === "paused") feed.resume();
  else feed.pause();
}

/** Moves between tabs with the keys that the ARIA role `tablist` requires. */
function moveTab(event) {
  const at = tabs.indexOf(document.activeElement);
  const moves = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
  if (at < 0 || !(event.key in moves)) return;
  event.preventDefault();
  const to = (moves[event.key] + tabs.length) % tabs.length;
  show(VIEWS[to].id, true);
  tabs[to].focus();
}

byId("tabs").addEventListener("keydown", moveTab);
byId("pause").addEventListener("click", togglePause);
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
    togglePause();
  } else if (/^[1-6]$/.test(event.key)) {
    show(VIEWS[Number(event.key) - 1].id, true);
  }
});

feed.addEventListener("points", redraw);
feed.addEventListener("state", () => {
  const status = byId("status");
  status.dataset.state = feed.state;
  say(status, STATES[feed.state]);
  status.title = feed.errorMessage;
  const button = byId("pause");
  say(button, feed.state === "paused" ? "Resume" : "Pause");
  button.setAttribute("aria-pressed", String(feed.state === "paused"));
});

show(location.hash.slice(1));
feed.start();
