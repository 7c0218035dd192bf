// The live connection. EventSource reconnects by itself after a cut, but gives up on a refusal (503 while the server
// starts) and does not notice a peer that vanished: both are handled here.

const SILENCE = 40_000; // the server sends a ping every 15 s
const GRACE = 2_500; // a cut shorter than this is not worth a banner

/** Calls `onSnapshot(data)` for each snapshot, and `onLive(bool)` as the connection comes and goes. */
export function listen(url, { onSnapshot, onLive }) {
  let source;
  let heard = Date.now();
  let lost;
  let wait = 1_000;

  const good = () => {
    heard = Date.now();
    wait = 1_000;
    clearTimeout(lost);
    lost = undefined;
    onLive(true);
  };
  const bad = () => {
    lost ??= setTimeout(() => onLive(false), GRACE);
  };
  const open = () => {
    source?.close();
    heard = Date.now();
    source = new EventSource(url);
    source.addEventListener("snapshot", (event) => {
      onSnapshot(JSON.parse(event.data));
      good();
    });
    source.addEventListener("ping", good);
    source.addEventListener("error", () => {
      bad();
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(open, wait);
      wait = Math.min(wait * 2, 15_000);
    });
  };

  setInterval(() => {
    if (Date.now() - heard < SILENCE) return;
    bad();
    open();
  }, 5_000);
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && open());
  open();
}
