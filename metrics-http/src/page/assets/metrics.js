// All families in a searchable list, and the details and series of one family.

import { Chart } from "./charts.js";
import { el, empty, say } from "./dom.js";
import { byUnit, count, rate, share, unitOf, whole } from "./format.js";
import { quantiles, rateOver, rates } from "./rates.js";
import { Table, twoTexts } from "./table.js";

export const title = "Metrics";

/** Types whose total is a count that increases. */
const COUNTS = ["counter", "histogram", "summary"];

export class Metrics {
  root = el("div", { class: "view" });
  #feed;
  #search = el("input", {
    type: "search",
    id: "search",
    class: "search",
    placeholder: "Search names, help, labels",
    "aria-label": "Search metrics",
    autocomplete: "off",
    spellcheck: "false",
  });
  #found = el("span", { class: "dim", role: "status" });
  #holder = el("div", { class: "detail" });
  #detail = null;
  #table;

  constructor(feed) {
    this.#feed = feed;
    this.#table = new Table({
      label: "Metrics",
      key: (row) => row.family.at,
      open: (row) => this.choose(row.family),
      sort: { at: 0, down: false },
      none: "No metric matches the search",
      columns: [
        {
          title: "Name",
          width: "minmax(8rem, 4fr)",
          value: (row) => row.family.name,
          draw: (cell, row) => twoTexts(cell, row.family.name, row.family.help),
        },
        { title: "Type", wide: true, value: (row) => row.family.type, text: (row) => row.family.type },
        { title: "Series", numeric: true, wide: true, value: (row) => row.series, text: (row) => count(row.series) },
        {
          title: "Value",
          numeric: true,
          note: "the sum of all series; for histograms and summaries, the number of observations",
          value: (row) => row.total,
          text: (row) => valueOf(row),
        },
        { title: "Per second", numeric: true, wide: true, value: (row) => row.rate, text: (row) => (row.rate === null ? "" : rate(row.rate)) },
      ],
    });
    this.#search.addEventListener("input", () => this.root.dispatchEvent(new Event("redraw", { bubbles: true })));
    this.root.append(el("div", { class: "tools" }, this.#search, this.#found), this.#table.root, this.#holder);
  }

  focus() {
    this.#search.focus();
    this.#search.select();
  }

  update(window) {
    const { points } = window;
    const last = points[points.length - 1];
    if (!last) return;
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.#feed.families.filter((family) => matches(family, words));
    say(this.#found, `${whole(found.length)} of ${whole(this.#feed.families.length)}`);
    this.#table.update(
      found.map((family) => ({
        family,
        series: last.series[family.at] ?? 0,
        total: last.series[family.at] ? last.totals[family.at] : null,
        rate: COUNTS.includes(family.type) ? rateOver(points, (point) => point.totals[family.at]) : null,
      })),
    );
    this.#detail?.update(window);
  }

  choose(family) {
    const isSame = this.#detail?.family.at === family.at;
    this.#detail?.destroy();
    this.#detail = isSame ? null : new Detail(this.#feed, family);
    this.#holder.replaceChildren(...(this.#detail ? [this.#detail.root] : []));
    this.#table.choose(isSame ? null : family.at);
    this.root.dispatchEvent(new Event("redraw", { bubbles: true }));
    this.#detail?.root.scrollIntoView({ block: "nearest" });
  }
}

function matches(family, words) {
  if (words.length === 0) return true;
  family.text ??= [family.name, family.help, family.type, ...family.labels.map((label) => label.name)].join("\n").toLowerCase();
  return words.every((word) => family.text.includes(word));
}

function valueOf({ family, total }) {
  if (family.type === "info" || family.type === "stateset") return "";
  return COUNTS.slice(1).includes(family.type) ? count(total) : byUnit(unitOf(family))(total);
}

/** The details of one family: metadata, a chart, and its series. */
class Detail {
  family;
  root;
  #chart;
  #series;

  constructor(feed, family) {
    this.family = family;
    this.#chart = chartOf(family);
    this.#series = new Series(feed, family);
    const fact = (name, ...values) => [el("dt", {}, name), el("dd", {}, ...values)];
    const labels = family.labels.map((label) =>
      el("span", { class: "label" }, el("code", {}, label.name), label.values ? el("span", { class: "dim" }, ` ${label.values.join(", ")}`) : null),
    );
    this.root = el(
      "section",
      { class: "family", "aria-label": family.name },
      el("h2", {}, el("code", {}, family.name)),
      family.help ? el("p", {}, family.help) : null,
      el(
        "dl",
        { class: "facts" },
        ...fact("Type", family.type),
        ...(family.unit ? fact("Unit", family.unit) : []),
        ...(labels.length ? fact("Labels", ...labels) : []),
        ...(family.max_series ? fact("Limit", `${count(family.max_series)} series`) : []),
        ...(family.places.length ? fact("Declared at", ...family.places.map((place) => el("code", { class: "place" }, place))) : []),
      ),
      this.#chart?.root ?? "",
      this.#series.root,
    );
  }

  update(window) {
    this.#chart?.update(...linesOf(this.family, window));
    this.#series.update(window);
  }

  destroy() {
    this.#chart?.destroy();
    this.#series.destroy();
  }
}

function chartOf(family) {
  const format = byUnit(unitOf(family));
  switch (family.type) {
    case "info":
    case "stateset":
      return null;
    case "counter":
      return new Chart("Per second", [{ label: "", color: "--line-1" }], unitOf(family) === "seconds" ? share : rate, { note: "all series" });
    case "histogram":
      if (family.bounds.length === 0) return new Chart("Per second", [{ label: "", color: "--line-1" }], rate, { note: "observations" });
      return new Chart(
        "Quantiles",
        [{ label: "p50", color: "--line-1" }, { label: "p95", color: "--line-2" }, { label: "p99", color: "--line-3" }],
        format,
        { note: "of all series", isLog: family.bounds[0] > 0 },
      );
    case "summary":
      return new Chart("Per second", [{ label: "", color: "--line-1" }], rate, { note: "observations" });
    default:
      return new Chart("Value", [{ label: "", color: "--line-1" }], format, { note: "the sum of all series" });
  }
}

function linesOf(family, { points, from, to }) {
  const times = points.map((point) => point.time);
  const total = (point) => point.totals[family.at] ?? null;
  if (family.type === "histogram" && family.bounds.length > 0) {
    const line = (q) => quantiles(points, (point) => point.histograms.get(family.at), family.bounds, q);
    return [times, [line(0.5), line(0.95), line(0.99)], from, to];
  }
  return [times, [COUNTS.includes(family.type) ? rates(points, total) : points.map(total)], from, to];
}

const PAGE = 50;

/** The series of a family, loaded in pages, because there may be 100,000. */
class Series {
  #feed;
  #family;
  #search = el("input", { type: "search", class: "search", placeholder: "Search labels", "aria-label": "Search series", autocomplete: "off", spellcheck: "false" });
  #where = el("span", { class: "dim" });
  #offset = 0;
  #total = 0;
  #requests = 0;
  #before = new Map();
  #error = empty("", "");
  #table;
  #pager;
  root;

  constructor(feed, family) {
    this.#feed = feed;
    this.#family = family;
    const turn = (text, step) => el("button", { class: "button", type: "button", onclick: () => this.#turn(step) }, text);
    this.#pager = [turn("Previous", -PAGE), turn("Next", PAGE)];
    this.#table = new Table({
      label: "Series",
      none: "No series",
      columns: [
        { title: "Labels", width: "minmax(8rem, 4fr)", draw: (cell, row) => labels(cell, row) },
        { title: "Value", numeric: true, text: (row) => shown(family, row) },
        ...(COUNTS.includes(family.type) ? [{ title: "Per second", numeric: true, text: (row) => (row.rate === undefined ? "" : rate(row.rate)) }] : []),
      ],
    });
    this.#table.root.classList.add("series");
    this.#error.hidden = true;
    this.#search.addEventListener("input", () => {
      this.#offset = 0;
      this.#load();
    });
    this.root = el(
      "div",
      { class: "view" },
      el("div", { class: "tools" }, this.#search, this.#where, ...this.#pager),
      this.#error,
      this.#table.root,
    );
    this.#load();
  }

  /** Reloads the current page of series while the feed is live. */
  update({ isLive }) {
    if (isLive) this.#load();
  }

  destroy() {
    this.#requests = Infinity;
  }

  #turn(step) {
    this.#offset = Math.max(0, this.#offset + step);
    this.#load();
  }

  async #load() {
    const number = (this.#requests += 1);
    const query = { family: this.#family.name, offset: this.#offset, limit: PAGE, search: this.#search.value };
    try {
      const response = await this.#feed.series(query);
      // Responses may arrive out of order.
      if (number === this.#requests) this.#show(response);
    } catch (error) {
      this.#error.hidden = false;
      say(this.#error.firstChild, "The series cannot be loaded");
      say(this.#error.lastChild, error.message);
    }
  }

  #show({ time, total, offset, series }) {
    this.#error.hidden = true;
    this.#total = total;
    const before = this.#before;
    this.#before = new Map();
    for (const row of series) {
      const key = JSON.stringify(row.labels);
      const now = row.value ?? row.count;
      const last = before.get(key);
      if (last && time > last.time && now >= last.now) row.rate = (now - last.now) / (time - last.time);
      else if (last?.rate !== undefined) row.rate = last.rate;
      this.#before.set(key, { time, now, rate: row.rate });
    }
    const last = Math.min(offset + series.length, total);
    say(this.#where, total === 0 ? "no series" : `${whole(offset + 1)}–${whole(last)} of ${whole(total)}`);
    const [previous, next] = this.#pager;
    previous.hidden = next.hidden = total <= PAGE;
    previous.disabled = offset === 0;
    next.disabled = last >= total;
    this.#table.update(series);
  }
}

function labels(cell, row) {
  const text = row.labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ");
  say(cell, text || "(no labels)");
  cell.title = text;
}

function shown(family, row) {
  if (row.states) return row.states.join(", ") || "none";
  const format = byUnit(unitOf(family));
  if (row.quantiles?.length) return row.quantiles.map(([q, value]) => `p${q * 100} ${format(value)}`).join(" · ");
  if (row.count !== undefined) return `${count(row.count)}, mean ${row.count > 0 ? format(row.sum / row.count) : "–"}`;
  if (row.value === null) return "not a number";
  if (row.value === undefined) return "";
  // Not rounded, because this is the only place with the exact value.
  return family.type === "counter" || Number.isInteger(row.value) ? row.value.toLocaleString("en", { maximumFractionDigits: 6 }) : format(row.value);
}
