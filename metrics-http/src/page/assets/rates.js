// What counts and buckets come to over time. Nothing here knows of the page.

/**
 * How much a counter went up between two points, or null where nobody can tell.
 *
 * A program that has started anew counts from zero: all it has counted is new. Where the program is
 * the same and its series add up to less, some of them have left.
 */
export function increase(before, after, isSameRun) {
  if (before === null || after === null || before === undefined || after === undefined) return null;
  if (!isSameRun) return after;
  return after >= before ? after - before : null;
}

/** The increase over all points, across restarts; null where there are less than two. */
export function increaseOver(points, value) {
  let sum = null;
  for (let i = 1; i < points.length; i += 1) {
    const step = increase(value(points[i - 1]), value(points[i]), points[i - 1].run === points[i].run);
    if (step !== null) sum = (sum ?? 0) + step;
  }
  return sum;
}

/** Seconds from the first point to the last. */
export function lasting(points) {
  return points.length < 2 ? 0 : points[points.length - 1].time - points[0].time;
}

/** Per second over all points. */
export function rateOver(points, value) {
  const sum = increaseOver(points, value);
  const time = lasting(points);
  return sum === null || time <= 0 ? null : sum / time;
}

/** Per second at each point but the first, null where it is not known. */
export function rates(points, value) {
  const out = new Array(points.length).fill(null);
  for (let i = 1; i < points.length; i += 1) {
    const [before, after] = [points[i - 1], points[i]];
    const step = increase(value(before), value(after), before.run === after.run);
    const time = after.time - before.time;
    if (step !== null && time > 0) out[i] = step / time;
  }
  return out;
}

/** What was observed between two points, by bucket; null where nobody can tell. */
export function observedBetween(before, after, isSameRun) {
  if (!after) return null;
  if (!before || !isSameRun) return isSameRun ? null : after.counts.slice();
  const counts = after.counts.map((count, i) => count - (before.counts[i] ?? 0));
  return counts.some((count) => count < 0) ? null : counts;
}

/** What was observed over all points, by bucket. */
export function observedOver(points, value) {
  let sum = null;
  for (let i = 1; i < points.length; i += 1) {
    const [before, after] = [points[i - 1], points[i]];
    const counts = observedBetween(value(before), value(after), before.run === after.run);
    if (counts === null) continue;
    if (sum === null) sum = new Array(counts.length).fill(0);
    counts.forEach((count, at) => (sum[at] = (sum[at] ?? 0) + count));
  }
  return sum;
}

/**
 * The value below which this share of observations lies, as Prometheus' `histogram_quantile`
 * estimates it: evenly spread within a bucket, from zero up to the first bound, and no more than
 * the last bound.
 */
export function quantile(bounds, counts, q) {
  if (!counts || bounds.length === 0) return null;
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  const rank = q * all;
  let below = 0;
  for (let i = 0; i < counts.length; i += 1) {
    if (below + counts[i] < rank || counts[i] === 0) {
      below += counts[i];
      continue;
    }
    if (i >= bounds.length) return bounds[bounds.length - 1];
    const upper = bounds[i];
    if (i === 0 && upper <= 0) return upper;
    const lower = i === 0 ? 0 : bounds[i - 1];
    return lower + (upper - lower) * ((rank - below) / counts[i]);
  }
  return bounds[bounds.length - 1];
}

/** The quantile at each point of what was observed since a few points before it. */
export function quantiles(points, value, bounds, q, points_back = 5) {
  return points.map((_, i) => {
    const some = points.slice(Math.max(0, i - points_back), i + 1);
    return some.length < 2 ? null : quantile(bounds, observedOver(some, value), q);
  });
}

/** Observations up to a bound. */
export function upTo(bounds, counts, most) {
  let sum = 0;
  for (let i = 0; i < bounds.length && bounds[i] <= most; i += 1) sum += counts[i] ?? 0;
  return sum;
}

/** How fast an error budget is spent: 1 is exactly as fast as the objective allows. */
export function burnRate(bad, all, percent) {
  if (bad === null || all === null || all === 0) return null;
  const budget = 1 - percent / 100;
  return budget <= 0 ? (bad > 0 ? Infinity : 0) : bad / all / budget;
}
