/// As much of a test framework as these tests need.

const tests = [];

export function test(name, body) {
  tests.push({ name, body });
}

/// Both are the same as JSON.
export function same(got, expected, what = "") {
  const [one, other] = [JSON.stringify(got), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}\n   got      ${one}\n   expected ${other}`);
}

export function holds(condition, what) {
  if (!condition) throw new Error(what);
}

/// The function throws an error whose message has the text.
export function fails(body, text) {
  try {
    body();
  } catch (error) {
    holds(error.message.includes(text), `the message is “${error.message}”, without “${text}”`);
    return;
  }
  throw new Error(`nothing was thrown; “${text}” was expected`);
}

/// Numbers that are the same in every run.
export function random(seed) {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/// Runs all tests and says of each failure what it was.
export async function run() {
  const failures = [];
  for (const { name, body } of tests) {
    try {
      await body();
    } catch (error) {
      failures.push(`${name}: ${error.message}`);
    }
  }
  return { count: tests.length, failures };
}
