/// Which answers are being written, in this page or another of the same browser: each holds a lock of the browser, which
/// ends with the page that holds it.

const lockName = (id) => `martlet.answer.${id}`;

/// Holds the lock of an answer until the returned function is called. Where there are no locks (pages that came by
/// plain HTTP from elsewhere) nothing is held.
export function keepAlive(id) {
  let release = () => {};
  const ended = new Promise((resolve) => {
    release = resolve;
  });
  navigator.locks?.request(lockName(id), () => ended).catch(() => {});
  return release;
}

/// Whether some page writes an answer.
export async function isBeingWritten(id) {
  if (!navigator.locks) return false;
  const { held } = await navigator.locks.query();
  return held.some((lock) => lock.name === lockName(id));
}
