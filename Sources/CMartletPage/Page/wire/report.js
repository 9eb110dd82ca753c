/// What the server reports of its cache in the `martlet` field of a chunk, checked before anything is drawn of it.

const isNumber = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;
const number = (value) => (isNumber(value) ? value : null);
const text = (value) => (typeof value === "string" ? value.slice(0, 400) : null);

/// Reads `martlet.report.cache`; `null` when it is no report.
export function readCache(value) {
  if (typeof value !== "object" || value === null) return null;
  return {
    policy: text(value.policy),
    codec: text(value.codec),
    bytesHeld: number(value.bytesHeld),
    peakBytes: number(value.peakBytes),
    logicalTokens: number(value.logicalTokens),
    readsPerToken: number(value.readsPerToken),
    bytesMoved: number(value.bytesMoved),
    liveTokens: readMatrix(value.liveTokens),
  };
}

function readMatrix(value) {
  if (!Array.isArray(value) || value.length > 1024) return [];
  return value.map((row) =>
    Array.isArray(row) && row.length <= 1024 ? row.map((count) => number(count) ?? 0) : []);
}

/// Reads `martlet.report.solve`; `null` when it is none.
export function readSolve(value) {
  if (typeof value !== "object" || value === null) return null;
  const votes = Array.isArray(value.votes) ? value.votes.slice(0, 100) : [];
  const ended = (Array.isArray(value.ended) ? value.ended.slice(0, 1000) : [])
    .filter((chain) => isNumber(chain?.index))
    .map((chain) => ({ index: chain.index, tokens: number(chain.tokens), answer: text(chain.answer) }));
  return {
    planned: text(value.planned),
    chains: number(value.chains),
    chainsEnded: number(value.chainsEnded) ?? ended.length,
    tokens: number(value.tokens),
    votes: votes
      .filter((vote) => text(vote?.answer) !== null && isNumber(vote?.count))
      .map((vote) => ({ answer: text(vote.answer), count: vote.count })),
    ended,
  };
}

/// Reads `martlet.report.prompt`, how far a prompt is computed; `null` when it is none.
export function readPrompt(value) {
  if (typeof value !== "object" || value === null) return null;
  const [total, computed] = [number(value.total), number(value.computed)];
  if (total === null || computed === null) return null;
  return { total, computed: Math.min(computed, total), cached: number(value.cached) ?? 0 };
}

/// The most points that a trace keeps.
export const tracePoints = 128;

/// Adds a report to a trace of an answer. When it is full, every second point goes, and from then on points lie twice
/// as far apart, so that a long answer takes no more room than a short one.
export function record(trace, cache) {
  if (cache.logicalTokens === null) return;
  const last = trace.points.at(-1);
  const point = {
    at: cache.logicalTokens, bytes: cache.bytesHeld, reads: cache.readsPerToken,
    live: cache.liveTokens,
  };
  if (last && (point.at <= last.at || trace.points.length > 1 && last.at - trace.points.at(-2).at < trace.step)) {
    trace.points[trace.points.length - 1] = point;
  } else {
    trace.points.push(point);
  }
  if (trace.points.length > tracePoints) {
    trace.points = trace.points.filter((_, index) => index % 2 === 0);
    trace.step *= 2;
  }
}

export const emptyTrace = () => ({ step: 1, points: [] });

/// Figures that follow from a report.
export function figures(cache) {
  const counts = cache.liveTokens.flat();
  const held = counts.reduce((sum, count) => sum + count, 0);
  const mean = counts.length > 0 ? held / counts.length : null;
  const logical = cache.logicalTokens;
  const full = logical !== null ? logical * counts.length : null;
  const share = full ? held / full : null;
  return {
    heads: counts.length,
    mean,
    /// Held tokens over all heads as a share of what a cache that drops nothing holds.
    share,
    ratio: share ? 1 / share : null,
    /// What a cache that drops nothing would take in the same codec, to scale.
    fullBytes: share && cache.bytesHeld !== null ? cache.bytesHeld / share : null,
  };
}
