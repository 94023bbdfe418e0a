// The first view: traffic, errors, latency and resources of the program.

import { Chart } from "./charts.js";
import { el, empty, say } from "./dom.js";
import { age, bytes, clock, count, rate, seconds, share } from "./format.js";
import { increaseOver, observedOver, quantile, quantiles, rateOver, rates } from "./rates.js";

export const title = "Overview";

export class Overview {
  root = el("div", { class: "overview" });
  #feed;
  #tiles;
  #charts;
  #hint = empty(
    "No calls are measured yet",
    "Annotate a function, and its calls, errors and durations appear here.",
    "#[metrics_http::timed]\n#[metrics_http::counted]\nasync fn respond() { … }",
  );

  constructor(feed) {
    this.#feed = feed;
    const tile = (name) => {
      const value = el("div", { class: "value" }, "–");
      const note = el("div", { class: "dim note" }, " ");
      return { value, note, root: el("div", { class: "tile card", id: `tile-${name}` }, el("h2", {}), value, note) };
    };
    this.#tiles = Object.fromEntries(
      ["traffic", "errors", "latency", "in-flight", "cpu", "memory", "files", "uptime"].map((name) => [name, tile(name)]),
    );
    this.#charts = {
      traffic: new Chart("Traffic", [{ label: "all", color: "--line-1" }, { label: "errors", color: "--line-3" }], rate),
      latency: new Chart(
        "Latency",
        [{ label: "p50", color: "--line-1" }, { label: "p95", color: "--line-2" }, { label: "p99", color: "--line-3" }],
        seconds,
        { isLog: true },
      ),
      cpu: new Chart("CPU", [{ label: "of one core", color: "--line-1" }], share),
      memory: new Chart("Memory", [{ label: "resident", color: "--line-1" }], bytes),
    };
    this.root.append(
      el("div", { class: "tiles" }, ...Object.values(this.#tiles).map((tile) => tile.root)),
      this.#hint,
      el("div", { class: "charts" }, ...Object.values(this.#charts).map((chart) => chart.root)),
    );
  }

  update({ points, from, to }) {
    const last = points[points.length - 1];
    if (!last) return;
    const feed = this.#feed;
    const value = (name) => {
      const family = feed.family(name);
      return family && last.series[family.at] > 0 ? last.totals[family.at] : null;
    };
    const traffic = trafficOf(feed, last);
    this.#hint.hidden = traffic !== null;
    this.#setTile("traffic", traffic?.isRequests ? "Requests" : "Calls of functions", rate(traffic && rateOver(points, traffic.all)), traffic ? `${count(traffic.all(last))} in all` : "");

    const all = traffic && increaseOver(points, traffic.all);
    const bad = traffic && increaseOver(points, traffic.errors);
    const errors = all > 0 && bad !== null ? bad / all : null;
    this.#setTile("errors", "Errors", share(errors), all > 0 ? `${count(bad)} of ${count(all)}` : "of none", errors > 0.01 ? "bad" : "");

    const observed = traffic?.observed && observedOver(points, traffic.observed);
    const at = (q) => seconds(quantile(traffic?.bounds ?? [], observed, q));
    this.#setTile("latency", "Latency, p95", at(0.95), `p50 ${at(0.5)} · p99 ${at(0.99)}`);
    this.#setTile("in-flight", "In flight", count(traffic && traffic.inFlight(last)), traffic?.isRequests ? "requests" : "calls of functions");

    const cpu = feed.family("process_cpu_seconds_total");
    const busy = cpu && ((point) => point.totals[cpu.at]);
    this.#setTile("cpu", "CPU", share(cpu && rateOver(points, busy)), threads(value("process_threads")));
    this.#setTile("memory", "Memory", bytes(value("process_resident_memory_bytes")), virtual(value("process_virtual_memory_bytes")));
    const [open, max] = [value("process_open_fds"), value("process_max_fds")];
    this.#setTile("files", "File descriptors", count(open), max === null ? "" : `of ${count(max)}`);
    const start = value("process_start_time_seconds");
    this.#setTile("uptime", "Uptime", age(start && last.time - start), start ? `since ${moment(start)}` : "");

    const times = points.map((point) => point.time);
    const draw = (chart, ...columns) => chart.update(times, columns, from, to);
    for (const name of ["traffic", "latency"]) this.#charts[name].root.hidden = traffic === null;
    if (traffic) {
      draw(this.#charts.traffic, rates(points, traffic.all), rates(points, traffic.errors));
      const line = (q) => quantiles(points, traffic.observed, traffic.bounds, q);
      draw(this.#charts.latency, line(0.5), line(0.95), line(0.99));
      this.#charts.latency.root.hidden = !traffic.bounds.length;
    }
    const memory = feed.family("process_resident_memory_bytes");
    this.#charts.cpu.root.hidden = !cpu;
    this.#charts.memory.root.hidden = !memory;
    if (cpu) draw(this.#charts.cpu, rates(points, busy));
    if (memory) draw(this.#charts.memory, points.map((point) => point.totals[memory.at] ?? null));
  }

  #setTile(name, title, value, note, mood = "") {
    const tile = this.#tiles[name];
    say(tile.root.firstChild, title);
    say(tile.value, value);
    say(tile.note, note || " ");
    tile.root.dataset.mood = mood;
  }
}

function threads(number) {
  return number === null ? "of one core" : `of one core · ${count(number)} threads`;
}

function virtual(size) {
  return size === null ? "resident" : `resident · ${bytes(size)} virtual`;
}

/** The time of day if it is today, else the date. */
function moment(time) {
  const at = new Date(time * 1000);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? clock(time) : at.toLocaleDateString([], { dateStyle: "medium" });
}

/** HTTP requests if a `ServerLayer` measures them, else the calls of all functions. */
function trafficOf(feed, last) {
  const served = feed.families.find((family) => /(^|_)http_server_request_duration_seconds$/.test(family.name));
  if (served && last.totals[served.at] > 0) {
    const running = feed.families.find((it) => /(^|_)http_server_(requests_in_flight|active_requests)$/.test(it.name));
    return {
      isRequests: true,
      all: (point) => point.totals[served.at],
      errors: (point) => point.failedRequests,
      observed: (point) => point.histograms.get(served.at),
      bounds: served.bounds,
      inFlight: (point) => (running ? point.totals[running.at] : null),
    };
  }
  if (feed.functions.length === 0) return null;
  const sum = (column) => (point) => point.functions[column].reduce((all, value) => all + (value ?? 0), 0);
  const timed = feed.families.find((family) => family.is_of_functions && family.type === "histogram");
  return {
    isRequests: false,
    all: sum("calls"),
    errors: sum("errors"),
    observed: (point) => (timed ? point.histograms.get(timed.at) : undefined),
    bounds: timed?.bounds ?? [],
    inFlight: sum("inFlight"),
  };
}
