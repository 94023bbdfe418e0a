// Lines over time, by uPlot.

import { el, say, style } from "./dom.js";
import { bytes, clock } from "./format.js";

/* global uPlot */

const HEIGHT = 168;
/** Distances of lines that are round in bytes. */
const BINARY = Array.from({ length: 60 }, (_, i) => 2 ** i);
const charts = new Set();

// Colours are part of what is drawn, and have to be asked for again when the system changes them.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  charts.forEach((chart) => chart.restyle());
});

/** A titled chart of some lines, with what they are at the cursor or at the end. */
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
   * `lines` are `{ label, color }`, the colour being a custom property of the style sheet. A scale
   * that is `isLog` shows microseconds beside seconds.
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

  /** Times, and a column for each line. */
  update(times, columns, from, to) {
    this.#data = [times, ...columns];
    this.range = [from, to];
    if (this.#plot) {
      this.#plot.setData(this.#data);
    } else if (this.#holder.clientWidth > 0) {
      this.#draw();
    }
    if (!this.#plot || this.#plot.cursor.idx === null || this.#plot.cursor.left < 0) this.#tell(times.length - 1);
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
          y: this.#isLog ? { distr: 3, range: (_, least, most) => decades(least, most) } : { range: (_, least, most) => fromZero(least, most) },
        },
        axes: [
          { ...axis, grid: { show: false }, space: 80, size: 28, values: (_, times) => times.map(clock) },
          {
            ...axis,
            ...(this.#format === bytes ? { incrs: BINARY } : {}),
            size: 64,
            space: 32,
            // Left alone, uPlot has no numbers at some powers of ten.
            ...(this.#isLog ? { splits: (_, __, least, most) => powers(least, most), filter: (_, splits) => splits } : {}),
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
        hooks: { setCursor: [(plot) => this.#tell(plot.cursor.idx ?? this.#data[0].length - 1)] },
      },
      this.#data,
      this.#holder,
    );
  }

  #tell(at) {
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

function fromZero(least, most) {
  return [Math.min(0, least ?? 0), most > 0 ? most * 1.08 : 1];
}

/** The powers of ten around what there is. */
function decades(least, most) {
  if (!(least > 0) || !(most > 0)) return [1e-3, 1];
  const [low, high] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  return [10 ** low, 10 ** Math.max(high, low + 1)];
}

function powers(least, most) {
  const [low, high] = [least, most].map((value) => Math.round(Math.log10(value)));
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
}
