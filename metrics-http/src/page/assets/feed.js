// Polls the server for new data points once a second, and keeps the last 15 minutes.

const VERSION = 1;
/** Milliseconds between two polls. */
const POLL_INTERVAL = 1000;
/** The address without credentials, because `fetch` refuses addresses that contain them. */
const BASE = location.origin + location.pathname;
/** Data points that are kept: 15 minutes. */
const MAX_POINTS = 15 * 60;

/** The metrics of the program since the page was opened, plus the history that the server keeps. */
export class Feed extends EventTarget {
  families = [];
  functions = [];
  points = [];
  links = [];
  program = null;
  build = [];
  /** `connecting`, `live`, `paused`, `busy` or `lost`. */
  state = "connecting";
  errorMessage = "";

  /** What the page has: parameters of the next poll. */
  #position = { run: "", revision: 0, since: 0 };
  /** Maps indices of the server to indices of `families`: another run may have another order. */
  #familySlots = [];
  #functionSlots = [];
  #familyIndex = new Map();
  #functionIndex = new Map();
  #timer = 0;
  #failures = 0;

  start() {
    this.#poll();
  }

  pause() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#setState("paused");
  }

  resume() {
    this.#setState("connecting");
    this.#poll();
  }

  get latest() {
    return this.points[this.points.length - 1] ?? null;
  }

  family(name) {
    const at = this.#familyIndex.get(name);
    return at === undefined ? null : this.families[at];
  }

  /** The points of the last `seconds` seconds. */
  since(seconds) {
    const from = (this.latest?.time ?? 0) - seconds;
    let first = this.points.length;
    while (first > 0 && this.points[first - 1].time >= from) first -= 1;
    return this.points.slice(first);
  }

  /** The current series of a family. */
  async series(query) {
    const response = await fetch(`${BASE}-/page/series?${new URLSearchParams(query)}`, {
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw failure(response);
    return response.json();
  }

  async #poll() {
    const start = performance.now();
    try {
      const response = await fetch(`${BASE}-/page/feed?${new URLSearchParams(this.#position)}`, {
        signal: AbortSignal.timeout(10_000),
      });
      if (!response.ok) throw failure(response);
      const body = await response.json();
      if (body.version !== VERSION) throw new Error("the server has another version; reload the page");
      this.#receive(body);
      this.#failures = 0;
      this.errorMessage = "";
      if (this.state !== "paused") this.#setState("live");
    } catch (error) {
      this.#failures += 1;
      this.errorMessage = error.message;
      if (this.state !== "paused") this.#setState(error.isBusy ? "busy" : "lost");
    }
    if (this.state === "paused") return;
    // Backs off up to 8 seconds while the server does not respond.
    const delay = this.#failures > 0 ? POLL_INTERVAL * 2 ** Math.min(this.#failures - 1, 3) : POLL_INTERVAL - (performance.now() - start);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), Math.max(50, delay));
  }

  #setState(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  #receive(body) {
    const { run, revision, schema } = body;
    if (schema) this.#setSchema(schema, body.links ?? []);
    const since = this.#position.run === run ? this.#position.since : 0;
    // After a pause, two polls may be in flight, and both return the same points.
    const fresh = body.points.filter((point) => point.number > since);
    this.points.push(...fresh.map((point) => this.#reorder(point, run)));
    if (this.points.length > MAX_POINTS) this.points.splice(0, this.points.length - MAX_POINTS);
    const last = fresh[fresh.length - 1];
    this.#position = { run, revision, since: last?.number ?? since };
    if (last || schema) this.dispatchEvent(new Event("points"));
  }

  #setSchema(schema, links) {
    this.program = schema.program;
    this.build = schema.build;
    this.links = links;
    this.#familySlots = schema.families.map((family) =>
      this.#slot(this.families, this.#familyIndex, family.name, family, (point) => point.histograms),
    );
    this.#functionSlots = schema.functions.map((it) =>
      this.#slot(this.functions, this.#functionIndex, `${it.module}\n${it.function}`, it, (point) => point.functions.durations),
    );
  }

  /** Stores an item at its index in `all`, which it gets when it is first seen; returns the index. */
  #slot(all, indices, key, item, histograms) {
    let at = indices.get(key);
    if (at === undefined) {
      at = all.length;
      indices.set(key, at);
    } else if (all[at].bounds.join() !== item.bounds.join()) {
      // The buckets of earlier points have other bounds.
      for (const point of this.points) histograms(point).delete(at);
    }
    all[at] = { ...item, at };
    return at;
  }

  #reorder(point, run) {
    const byFamily = (column) => reorderColumn(column, this.#familySlots);
    const byFunction = (column) => reorderColumn(column, this.#functionSlots);
    const { functions } = point;
    return {
      run,
      time: point.time,
      gatherSeconds: point.gather_seconds,
      series: byFamily(point.series),
      totals: byFamily(point.totals),
      histograms: reorderKeys(point.histograms, this.#familySlots),
      overflowed: point.overflowed,
      failedRequests: point.failed_requests,
      functions: {
        calls: byFunction(functions.calls),
        ok: byFunction(functions.ok),
        errors: byFunction(functions.errors),
        inFlight: byFunction(functions.in_flight),
        durations: reorderKeys(functions.durations, this.#functionSlots),
      },
    };
  }
}

/** The error of an unsuccessful response. A server that has too many viewers sets `Retry-After`. */
function failure(response) {
  const isBusy = response.headers.has("Retry-After");
  const message = isBusy ? "too many viewers at the same time; trying again" : `the server responded with ${response.status}`;
  return Object.assign(new Error(message), { isBusy });
}

function reorderColumn(column, slots) {
  if (column.every((_, i) => slots[i] === i)) return column;
  const out = [];
  column.forEach((value, i) => (out[slots[i]] = value));
  return out;
}

function reorderKeys(items, slots) {
  return new Map(Object.entries(items).map(([at, item]) => [slots[Number(at)], item]));
}
