// Line charts over time, drawn by uPlot.

import { el, say, style } from "./dom.js";
import { bytes, clock } from "./format.js";

/* global uPlot */

const HEIGHT = 168;
/** Grid distances for bytes: powers of two. */
const BINARY_STEPS = Array.from({ length: 60 }, (_, i) => 2 ** i);
const charts = new Set();

// A canvas does not follow the colour scheme of the system, so charts are drawn anew when it changes.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  charts.forEach((chart) => chart.restyle());
});

/** A titled chart with a legend that displays the values at the cursor, or else the latest ones. */
export class Chart {
  #plot = null;
  #data = null;
  #lines;
  #format;
  #isLog;
  #holder = el("div", { class: "plot" });
  #values;
  #observer = new ResizeObserver(() => this.#resize());

  /**
   * `lines` are `{ label, color }`, where the colour is a custom property of the style sheet. With
   * `isLog`, the scale is logarithmic, for values from microseconds to seconds.
   */
  constructor(title, lines, format, { note = "", isLog = false } = {}) {
    this.#isLog = isLog;
    this.#lines = lines;
    this.#format = format;
    this.#values = lines.map(() => el("span", { class: "number" }, "–"));
    const legend = lines.map((line, i) => {
      const mark = el("span", { class: "mark" });
      mark.style.setProperty("--mark", `var(${line.color})`);
      return el("span", { class: "legend-item" }, mark, line.label ? `${line.label} ` : "", this.#values[i]);
    });
    this.root = el(
      "figure",
      { class: "chart card", role: "img", "aria-label": title },
      el("figcaption", {}, el("span", { class: "title" }, title), note ? el("span", { class: "dim" }, note) : null),
      this.#holder,
      el("div", { class: "legend" }, ...legend),
    );
    this.#observer.observe(this.#holder);
    charts.add(this);
  }

  /** Sets the data: times, and one column for each line. */
  update(times, columns, from, to) {
    this.#data = [times, ...columns];
    this.range = [from, to];
    if (this.#plot) {
      this.#plot.setData(this.#data);
    } else if (this.#holder.clientWidth > 0) {
      this.#draw();
    }
    if (!this.#plot || this.#plot.cursor.idx === null || this.#plot.cursor.left < 0) this.#updateLegend(times.length - 1);
  }

  restyle() {
    this.#plot?.destroy();
    this.#plot = null;
    this.#resize();
  }

  destroy() {
    this.#observer.disconnect();
    this.#plot?.destroy();
    charts.delete(this);
  }

  #draw() {
    const axis = {
      stroke: style("--dim"),
      grid: { stroke: style("--line"), width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    };
    this.#plot = new uPlot(
      {
        width: this.#holder.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        padding: [10, 28, 0, 0],
        cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
        scales: {
          x: { time: true, range: () => this.range },
          y: this.#isLog ? { distr: 3, range: (_, min, max) => decades(min, max) } : { range: (_, min, max) => fromZero(min, max) },
        },
        axes: [
          { ...axis, grid: { show: false }, space: 80, size: 28, values: (_, times) => times.map(clock) },
          {
            ...axis,
            ...(this.#format === bytes ? { incrs: BINARY_STEPS } : {}),
            size: 64,
            space: 32,
            // By default, uPlot omits the labels of some powers of ten.
            ...(this.#isLog ? { splits: (_, __, min, max) => powers(min, max), filter: (_, splits) => splits } : {}),
            values: (_, values) => values.map((value) => this.#format(value)),
          },
        ],
        series: [
          {},
          ...this.#lines.map((line) => ({
            stroke: style(line.color),
            width: 1.5,
            points: { show: false },
            spanGaps: false,
          })),
        ],
        hooks: { setCursor: [(plot) => this.#updateLegend(plot.cursor.idx ?? this.#data[0].length - 1)] },
      },
      this.#data,
      this.#holder,
    );
  }

  #updateLegend(at) {
    this.#lines.forEach((_, i) => say(this.#values[i], this.#format(this.#data[i + 1]?.[at])));
  }

  #resize() {
    const width = this.#holder.clientWidth;
    if (width === 0 || !this.#data) return;
    if (this.#plot) {
      if (this.#plot.width !== width) this.#plot.setSize({ width, height: HEIGHT });
    } else {
      this.#draw();
    }
  }
}

function fromZero(min, max) {
  return [Math.min(0, min ?? 0), max > 0 ? max * 1.08 : 1];
}

/** The powers of ten that enclose a range. */
function decades(min, max) {
  if (!(min > 0) || !(max > 0)) return [1e-3, 1];
  const [low, high] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))];
  return [10 ** low, 10 ** Math.max(high, low + 1)];
}

function powers(min, max) {
  const [low, high] = [min, max].map((value) => Math.round(Math.log10(value)));
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
}
