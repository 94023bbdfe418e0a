// Service level objectives of functions and histograms, and how fast they spend their error budgets.

import { Chart } from "./charts.js";
import { el, empty, say } from "./dom.js";
import { count, digits, seconds, share } from "./format.js";
import { burnRate, increaseOver, observedOver, upTo } from "./rates.js";

export const title = "Objectives";

const SPANS = [[60, "1 min"], [300, "5 min"], [900, "15 min"]];

export class Objectives {
  root = el("div", { class: "view" });
  #feed;
  #cards = new Map();
  #list = el("div", { class: "objectives" });
  #none = empty(
    "Nothing has an objective",
    "Give a function one, and its burn rate appears here: how many times as fast as allowed it spends its error budget.",
    '#[metrics_http::timed(slo(latency = "250ms", objective = 99.9))]\nfn respond() { … }',
  );

  constructor(feed) {
    this.#feed = feed;
    this.root.append(this.#none, this.#list);
  }

  update(window) {
    const held = [...this.#feed.functions.map(ofFunction), ...this.#feed.families.map(ofFamily)];
    const all = held.flatMap((it) => it.objectives.map((objective, i) => [`${it.key} ${i}`, it, objective]));
    this.#none.hidden = all.length > 0;
    for (const [key, it, objective] of all) {
      if (!this.#cards.has(key)) {
        const card = new Card(it, objective);
        this.#cards.set(key, card);
        this.#list.append(card.root);
      }
      this.#cards.get(key).update(it, objective, window, this.#feed);
    }
  }
}

/** The text on a card of a function, and how to read its values from a point. */
function ofFunction(it) {
  return {
    key: `function ${it.at}`,
    name: it.function,
    where: `${it.module} · ${it.place}`,
    things: "calls",
    bounds: it.bounds,
    objectives: it.objectives,
    observed: (point) => point.functions.durations.get(it.at),
    ok: (point) => point.functions.ok[it.at] ?? 0,
    errors: (point) => point.functions.errors[it.at] ?? 0,
  };
}

/** Like `ofFunction`, for a histogram family with all of its series. */
function ofFamily(it) {
  return {
    key: `family ${it.at}`,
    name: it.name,
    where: it.places[0] ?? "",
    things: "observations",
    bounds: it.bounds,
    objectives: it.objectives,
    observed: (point) => point.histograms.get(it.at),
  };
}

/** The bad events and all events between the first and the last point. */
function events(it, objective, points) {
  if (objective.kind === "latency") {
    const observed = observedOver(points, it.observed);
    if (observed === null) return { bad: null, all: null };
    const all = observed.reduce((sum, count) => sum + count, 0);
    return { all, bad: all - upTo(it.bounds, observed, objective.seconds) };
  }
  // Cancelled calls do not count, as in the generated alerting rules.
  const ok = increaseOver(points, it.ok);
  const bad = increaseOver(points, it.errors);
  return { bad, all: ok === null || bad === null ? null : ok + bad };
}

class Card {
  #state = el("span", { class: "badge" });
  #rates = SPANS.map(([, text]) => ({ text, value: el("span", { class: "value" }, "–") }));
  #note = el("p", { class: "dim" });
  #chart = new Chart("Burn rate", [{ label: "over a minute", color: "--line-1" }, { label: "allowed", color: "--line-3" }], (value) => (Number.isFinite(value) ? `${digits(value)}×` : "–"));
  root;

  constructor(it, objective) {
    const promise =
      objective.kind === "latency"
        ? `${objective.percent} % of ${it.things} take ${seconds(objective.seconds)} or less`
        : `${objective.percent} % of calls succeed`;
    this.root = el(
      "section",
      { class: "objective card" },
      el("div", { class: "objective-head" }, el("div", {}, el("h2", {}, it.name), el("p", { class: "dim" }, it.where)), this.#state),
      el("p", {}, promise),
      el("div", { class: "burns" }, ...this.#rates.map(({ text, value }) => el("div", { class: "burn" }, value, el("div", { class: "dim" }, text)))),
      this.#note,
      this.#chart.root,
    );
  }

  update(it, objective, { points, from, to }, feed) {
    const burns = SPANS.map(([span], i) => {
      const { bad, all } = events(it, objective, feed.since(span));
      const burn = burnRate(bad, all, objective.percent);
      say(this.#rates[i].value, burn === null ? "–" : `${digits(burn)}×`);
      this.#rates[i].value.classList.toggle("over", burn > 1);
      return { bad, all, burn };
    });
    const { bad, all, burn } = burns[burns.length - 1];
    say(this.#note, all ? `${count(bad)} of ${count(all)} ${it.things} missed it, ${share(1 - bad / all)} kept it` : `no ${it.things} in this time`);
    say(this.#state, burn === null ? `no ${it.things}` : burn > 1 ? "over budget" : "within budget");
    this.#state.dataset.mood = burn === null ? "" : burn > 1 ? "bad" : "good";
    const times = points.map((point) => point.time);
    let first = 0;
    const line = points.map((point, i) => {
      while (point.time - points[first].time > 60) first += 1;
      const some = events(it, objective, points.slice(first, i + 1));
      return burnRate(some.bad, some.all, objective.percent);
    });
    this.#chart.update(times, [line, times.map(() => 1)], from, to);
  }
}
