// Heat maps of histograms: time on the x axis, buckets on the y axis, darker for more observations.

import { el, empty, say, style } from "./dom.js";
import { byUnit, clock, count, unitOf } from "./format.js";
import { observedBetween, quantile } from "./rates.js";

export const title = "Histograms";

const HEIGHT = 340;
const LEFT = 68;
const BOTTOM = 26;
const TOP = 8;
const RIGHT = 10;
/** Minimum width of a column in pixels. */
const MIN_COLUMN_WIDTH = 5;
/** Possible distances of the labels on the x axis, in seconds. */
const TIME_STEPS = [5, 10, 15, 30, 60, 120, 300, 600];
/** Quantiles that are drawn as lines, and their colours. */
const LINES = [[0.5, "--line-4"], [0.95, "--line-2"], [0.99, "--line-3"]];

export class Histograms {
  root = el("div", { class: "view" });
  #feed;
  #chosen = null;
  #select = el("select", { class: "select", "aria-label": "Histogram", id: "histogram" });
  #options = "";
  #help = el("span", { class: "dim" });
  #canvas = el("canvas", { class: "heat", role: "img" });
  #tip = el("p", { class: "dim tip" }, " ");
  #card;
  #window = null;
  #cells = null;
  #none = empty(
    "No histogram has observations yet",
    "A histogram, or the durations of a timed function, appears here as a heat map.",
    'metrics_http::metrics! {\n    /// Size of responses.\n    static SIZES: Histogram = "app_response_bytes";\n}',
  );

  constructor(feed) {
    this.#feed = feed;
    const legend = LINES.map(([q, color]) => {
      const mark = el("span", { class: "mark" });
      mark.style.setProperty("--mark", `var(${color})`);
      return el("span", { class: "legend-item" }, mark, `p${q * 100}`);
    });
    this.#card = el("div", { class: "card heat-card" }, this.#canvas, el("div", { class: "legend" }, ...legend), this.#tip);
    this.root.append(this.#none, el("div", { class: "tools" }, this.#select, this.#help), this.#card);
    this.#select.addEventListener("change", () => {
      this.#chosen = this.#select.value;
      this.#draw();
    });
    this.#canvas.addEventListener("pointermove", (event) => this.#showCell(event));
    this.#canvas.addEventListener("pointerleave", () => say(this.#tip, " "));
    new ResizeObserver(() => this.#draw()).observe(this.#card);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  update(window) {
    this.#window = window;
    const last = window.points[window.points.length - 1];
    if (!last) return;
    const families = this.#feed.families.filter((it) => last.histograms.has(it.at) && last.totals[it.at] > 0);
    const functions = this.#feed.functions.filter((it) => last.functions.durations.has(it.at));
    const isEmpty = families.length + functions.length === 0;
    this.#none.hidden = !isEmpty;
    this.#card.hidden = this.#select.parentElement.hidden = isEmpty;
    this.#updateOptions(families, functions);
    this.#draw();
  }

  /** Updates the options, but only if they have changed, because replacing them closes an open list. */
  #updateOptions(families, functions) {
    const key = [families, functions].map((some) => some.map((it) => it.at).join()).join(";");
    if (key === this.#options) return;
    this.#options = key;
    const option = (value, text) => el("option", { value }, text);
    const group = (label, options) => (options.length ? [el("optgroup", { label }, ...options)] : []);
    this.#select.replaceChildren(
      ...group("Histograms", families.map((it) => option(`family ${it.at}`, it.name))),
      ...group("Functions", functions.map((it) => option(`function ${it.at}`, `${it.function} · ${it.module}`))),
    );
    const values = [...this.#select.options].map((it) => it.value);
    if (!values.includes(this.#chosen)) this.#chosen = values[0] ?? null;
    this.#select.value = this.#chosen;
  }

  #source() {
    const [kind, at] = (this.#chosen ?? "").split(" ");
    if (kind === "family") {
      const family = this.#feed.families[at];
      return { name: family.name, help: family.help, format: byUnit(unitOf(family)), bounds: family.bounds, value: (point) => point.histograms.get(family.at) };
    }
    const it = this.#feed.functions[at];
    return it && { name: it.function, help: it.place, format: byUnit("seconds"), bounds: it.bounds, value: (point) => point.functions.durations.get(it.at) };
  }

  #draw() {
    const source = this.#source();
    const width = this.#card.clientWidth;
    if (!source || !this.#window || width === 0) return;
    say(this.#help, source.help);
    this.#canvas.setAttribute("aria-label", `${source.name} over time`);
    const { bounds, value } = dense(source, this.#window.points);
    const fits = Math.max(1, Math.floor((width - LEFT - RIGHT) / MIN_COLUMN_WIDTH));
    const columns = columnsOf({ ...this.#window, value, maxColumns: fits });
    this.#cells = { columns, bounds, format: source.format, width };
    paint(this.#canvas, this.#cells, this.#window);
  }

  #showCell(event) {
    if (!this.#cells) return;
    const { columns, bounds, format, width } = this.#cells;
    const { from, to } = this.#window;
    const time = from + ((event.offsetX - LEFT) / (width - LEFT - RIGHT)) * (to - from);
    const row = Math.floor((HEIGHT - BOTTOM - event.offsetY) / ((HEIGHT - BOTTOM - TOP) / (bounds.length + 1)));
    const column = columns.find((it) => it.from <= time && time < it.to);
    if (!column || row < 0 || row > bounds.length) {
      say(this.#tip, " ");
      return;
    }
    const upper = row < bounds.length ? `up to ${format(bounds[row])}` : `above ${format(bounds[bounds.length - 1])}`;
    const lower = row > 0 && row < bounds.length ? `above ${format(bounds[row - 1])}, ` : "";
    say(this.#tip, `${clock(column.to)} · ${lower}${upper} · ${count(column.counts[row] ?? 0)} of ${count(column.all)}`);
  }
}

/** Converts native buckets to one row per power of two, over the range that occurs. */
function dense({ bounds, value }, points) {
  if (bounds.length > 0) return { bounds, value };
  const exponents = points.flatMap((point) => Object.keys(value(point)?.native ?? {}).map(Number));
  if (exponents.length === 0) return { bounds: [], value };
  const [min, max] = [Math.min(...exponents), Math.max(...exponents)];
  const all = Array.from({ length: max - min + 1 }, (_, i) => min + i);
  return {
    bounds: all.map((exponent) => 2 ** exponent),
    value: (point) => {
      const observed = value(point);
      return observed && { counts: [...all.map((exponent) => observed.native?.[exponent] ?? 0), 0] };
    },
  };
}

/** The observations between neighbouring points; several are merged if there is no room for each. */
function columnsOf({ points, from, to, value, maxColumns }) {
  const step = Math.max(1, Math.ceil((to - from) / maxColumns));
  const columns = [];
  for (let i = 1; i < points.length; i += 1) {
    const [before, after] = [points[i - 1], points[i]];
    const counts = observedBetween(value(before), value(after), before.run === after.run);
    if (counts === null) continue;
    const last = columns[columns.length - 1];
    if (last && last.slot === Math.floor(after.time / step)) {
      counts.forEach((it, at) => (last.counts[at] += it));
      last.to = after.time;
    } else {
      columns.push({ from: before.time, to: after.time, slot: Math.floor(after.time / step), counts });
    }
  }
  for (const column of columns) column.all = column.counts.reduce((sum, it) => sum + it, 0);
  return columns;
}

function paint(canvas, { columns, bounds, format, width }, { from, to }) {
  const scale = devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = HEIGHT * scale;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  const ink = canvas.getContext("2d");
  ink.scale(scale, scale);
  const [right, bottom] = [width - RIGHT, HEIGHT - BOTTOM];
  const rows = bounds.length + 1;
  const high = (bottom - TOP) / rows;
  const x = (time) => LEFT + ((time - from) / (to - from)) * (right - LEFT);
  const max = Math.max(1, ...columns.map((column) => Math.max(...column.counts)));

  ink.fillStyle = style("--heat");
  for (const column of columns) {
    const [left, end] = [Math.max(LEFT, x(column.from)), x(column.to)];
    if (end <= LEFT) continue;
    column.counts.forEach((it, row) => {
      if (it === 0) return;
      // The square root makes rare slow observations visible.
      ink.globalAlpha = 0.1 + 0.9 * Math.sqrt(it / max);
      ink.fillRect(left, bottom - (row + 1) * high, Math.max(1, end - left - 0.5), Math.max(1, high - 0.5));
    });
  }
  ink.globalAlpha = 1;
  axes(ink, { bounds, format, from, to, x, high, right, bottom });
  for (const [q, color] of LINES) line(ink, { columns, bounds, q, color, x, high, bottom });
}

function axes(ink, { bounds, format, from, to, x, high, right, bottom }) {
  ink.fillStyle = style("--dim");
  ink.strokeStyle = style("--line");
  ink.font = "11px system-ui, sans-serif";
  ink.textBaseline = "middle";
  ink.textAlign = "right";
  const every = Math.max(1, Math.ceil(18 / high));
  bounds.forEach((bound, row) => {
    if (row % every !== 0) return;
    ink.fillText(format(bound), LEFT - 8, bottom - (row + 1) * high);
  });
  ink.beginPath();
  ink.moveTo(LEFT, bottom + 0.5);
  ink.lineTo(right, bottom + 0.5);
  ink.stroke();
  ink.textAlign = "center";
  const least = ((to - from) * 90) / (right - LEFT);
  const step = TIME_STEPS.find((it) => it >= least) ?? TIME_STEPS[TIME_STEPS.length - 1];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
    // Labels that would be cut off are omitted.
    if (x(time) > LEFT + 24 && x(time) < right - 24) ink.fillText(clock(time), x(time), bottom + 14);
  }
}

function line(ink, { columns, bounds, q, color, x, high, bottom }) {
  ink.strokeStyle = style(color);
  ink.lineWidth = 1.5;
  ink.beginPath();
  let isDown = false;
  columns.forEach((column, i) => {
    // Over the last five columns, because a single column may contain only one call.
    const some = columns.slice(Math.max(0, i - 4), i + 1);
    const counts = column.counts.map((_, row) => some.reduce((sum, it) => sum + it.counts[row], 0));
    const value = quantile(bounds, counts, q);
    if (value === null || column.to < 0) {
      isDown = false;
      return;
    }
    const at = [Math.max(LEFT, x((column.from + column.to) / 2)), bottom - rowOfValue(bounds, value) * high];
    if (isDown) ink.lineTo(...at);
    else ink.moveTo(...at);
    isDown = true;
  });
  ink.stroke();
}

/** The y position of a value in rows, interpolated within its bucket. */
function rowOfValue(bounds, value) {
  const row = bounds.findIndex((bound) => value <= bound);
  if (row < 0) return bounds.length;
  const lower = row === 0 ? Math.min(0, bounds[0]) : bounds[row - 1];
  return row + (bounds[row] > lower ? (value - lower) / (bounds[row] - lower) : 1);
}
