// Rates, increases and quantiles of data points. Independent of the page.

/**
 * The increase of a counter between two points, or null if it is unknown.
 *
 * After a restart, counters begin at zero, so the whole value is the increase. Within one run, a sum
 * that decreases means that series have expired, and the increase is unknown.
 */
export function increase(before, after, isSameRun) {
  if (before === null || after === null || before === undefined || after === undefined) return null;
  if (!isSameRun) return after;
  return after >= before ? after - before : null;
}

/** The increase over all points, across restarts; null for less than two points. */
export function increaseOver(points, value) {
  let sum = null;
  for (let i = 1; i < points.length; i += 1) {
    const step = increase(value(points[i - 1]), value(points[i]), points[i - 1].run === points[i].run);
    if (step !== null) sum = (sum ?? 0) + step;
  }
  return sum;
}

/** Seconds from the first point to the last. */
export function duration(points) {
  return points.length < 2 ? 0 : points[points.length - 1].time - points[0].time;
}

/** The rate per second over all points. */
export function rateOver(points, value) {
  const sum = increaseOver(points, value);
  const time = duration(points);
  return sum === null || time <= 0 ? null : sum / time;
}

/** The rate per second at each point; null at the first one, and where it is unknown. */
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

/** The observations between two points, by bucket; null if they are unknown. */
export function observedBetween(before, after, isSameRun) {
  if (!after) return null;
  if (!before || !isSameRun) return isSameRun ? null : after.counts.slice();
  const counts = after.counts.map((count, i) => count - (before.counts[i] ?? 0));
  return counts.some((count) => count < 0) ? null : counts;
}

/** The observations over all points, by bucket. */
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
 * A quantile, estimated like Prometheus' `histogram_quantile`: observations are assumed to be evenly
 * distributed within a bucket, the first bucket begins at zero, and the last bound is the maximum.
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

/** The quantile at each point, of the observations since a few points before it. */
export function quantiles(points, value, bounds, q, window = 5) {
  return points.map((_, i) => {
    const some = points.slice(Math.max(0, i - window), i + 1);
    return some.length < 2 ? null : quantile(bounds, observedOver(some, value), q);
  });
}

/** The number of observations up to a bound. */
export function upTo(bounds, counts, bound) {
  let sum = 0;
  for (let i = 0; i < bounds.length && bounds[i] <= bound; i += 1) sum += counts[i] ?? 0;
  return sum;
}

/** How fast an error budget is spent; 1 spends exactly the budget. */
export function burnRate(bad, all, percent) {
  if (bad === null || all === null || all === 0) return null;
  const budget = 1 - percent / 100;
  return budget <= 0 ? (bad > 0 ? Infinity : 0) : bad / all / budget;
}
