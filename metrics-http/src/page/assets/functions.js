// A table of all annotated functions, and charts of one of them.

import { Chart } from "./charts.js";
import { el, empty, say } from "./dom.js";
import { count, rate, seconds, share } from "./format.js";
import { increaseOver, observedOver, quantile, quantiles, rateOver, rates } from "./rates.js";
import { Table, twoTexts } from "./table.js";

export const title = "Functions";

export class Functions {
  root = el("div", { class: "view" });
  #feed;
  #chosen = null;
  #detail = null;
  #table;
  #holder = el("div", { class: "detail" });
  #none = empty(
    "No function is annotated",
    "Each annotated function has a row here: calls, errors, durations and what is in flight.",
    "#[metrics_http::timed]\n#[metrics_http::counted]\n#[metrics_http::in_flight]\nfn work() { … }",
  );

  constructor(feed) {
    this.#feed = feed;
    const number = (title, key, text, more = {}) => ({
      title,
      numeric: true,
      value: (row) => row[key],
      text: (row) => text(row[key]),
      ...more,
    });
    this.#table = new Table({
      label: "Functions",
      key: (row) => row.at,
      open: (row) => this.#choose(row.at),
      sort: { at: 1, down: true },
      columns: [
        {
          title: "Function",
          width: "minmax(5.5rem, 3fr)",
          value: (row) => row.name,
          draw: (cell, row) => twoTexts(cell, row.name, row.module),
        },
        number("Calls/s", "rate", rate, { width: "minmax(5.25rem, 1fr)", note: "over the time span" }),
        number("Errors", "errors", share, { note: "share of the calls that ended as error or panic" }),
        number("p50", "p50", seconds, { wide: true }),
        number("p95", "p95", seconds),
        number("p99", "p99", seconds, { wide: true }),
        number("In flight", "inFlight", count, { wide: true }),
        number("Calls", "calls", count, { wide: true, note: "since the program started" }),
      ],
    });
    this.root.append(this.#none, this.#table.root, this.#holder);
  }

  update(window) {
    const { points } = window;
    const last = points[points.length - 1];
    if (!last) return;
    const { functions } = this.#feed;
    this.#none.hidden = functions.length > 0;
    this.#table.root.hidden = functions.length === 0;
    this.#table.update(functions.map((it) => rowOf(it, points, last)));
    if (this.#detail) this.#detail.update(functions[this.#chosen], window);
  }

  #choose(at) {
    this.#detail?.destroy();
    if (this.#chosen === at) {
      this.#chosen = null;
      this.#detail = null;
      this.#holder.replaceChildren();
    } else {
      this.#chosen = at;
      this.#detail = new Detail();
      this.#holder.replaceChildren(this.#detail.root);
      this.#detail.root.scrollIntoView({ block: "nearest" });
    }
    this.#table.choose(this.#chosen);
    this.root.dispatchEvent(new Event("redraw", { bubbles: true }));
  }
}

function rowOf(it, points, last) {
  const column = (name) => (point) => point.functions[name][it.at] ?? 0;
  const all = increaseOver(points, column("calls"));
  const bad = increaseOver(points, column("errors"));
  const observed = observedOver(points, durations(it));
  const at = (q) => quantile(it.bounds, observed, q);
  return {
    at: it.at,
    name: it.function,
    module: it.module,
    rate: rateOver(points, column("calls")),
    errors: all > 0 && bad !== null ? bad / all : null,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    inFlight: last.functions.inFlight[it.at] ?? 0,
    calls: last.functions.calls[it.at] ?? 0,
  };
}

function durations(it) {
  return (point) => point.functions.durations.get(it.at);
}

/** Charts of one function. */
class Detail {
  #name = el("h2", {});
  #place = el("p", { class: "dim place" });
  #calls = new Chart("Calls", [{ label: "all", color: "--line-1" }, { label: "errors", color: "--line-3" }], rate);
  #times = new Chart(
    "Duration",
    [{ label: "p50", color: "--line-1" }, { label: "p95", color: "--line-2" }, { label: "p99", color: "--line-3" }],
    seconds,
    { isLog: true },
  );
  root = el("section", { class: "function" }, this.#name, this.#place, el("div", { class: "charts" }, this.#calls.root, this.#times.root));

  update(it, { points, from, to }) {
    say(this.#name, it.function);
    say(this.#place, `${it.module} · ${it.place}`);
    const times = points.map((point) => point.time);
    const column = (name) => (point) => point.functions[name][it.at] ?? 0;
    this.#calls.update(times, [rates(points, column("calls")), rates(points, column("errors"))], from, to);
    const line = (q) => quantiles(points, durations(it), it.bounds, q);
    this.#times.root.hidden = it.bounds.length === 0;
    this.#times.update(times, [line(0.5), line(0.95), line(0.99)], from, to);
  }

  destroy() {
    this.#calls.destroy();
    this.#times.destroy();
  }
}
