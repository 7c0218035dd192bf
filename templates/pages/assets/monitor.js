// The live page /monitor: listens to /api/v1/events and keeps the cards and the records as they are now.
// Everything that comes from the server is put in as text, never as markup.
import { acknowledge } from "./actions.js";
import { ago, clock, localTime, number, shortTime, text, visible, zone } from "./format.js";
import { confirmed, toast } from "./dialog.js";
import { listen } from "./live.js";

const boot = JSON.parse(document.getElementById("boot").textContent);
const say = text(boot.text);
const time = clock(boot.now);
const $ = (id) => document.getElementById(id);
const part = (node, name) => node.querySelector(`[data-part="${name}"]`);
const metrics = new Map(boot.metrics.map((m) => [m.key, m]));
const cards = new Map([...document.querySelectorAll(".card")].map((c) => [c.dataset.key, c]));
let worker = boot.worker;
let oldestShown = Infinity;
let expanded = false;

// A write only when something differs: no needless layout, and a selection in the page stays.
function put(node, value) {
  const shown = visible(value);
  if (node.textContent !== shown) node.textContent = shown;
}

// ── metrics ──────────────────────────────────────────────────────────────────────────────────────

/** The state to show: what the server said, or "stale" once the checks have stopped coming. */
function stateOf(m) {
  const calm = m.status === "normal" || m.status === "pending";
  return calm && m.checked_at && time.since(m.checked_at) > m.stale_after ? "stale" : m.status;
}

function drawState(m) {
  const card = cards.get(m.key);
  const state = stateOf(m);
  if (card.dataset.state !== state) {
    const first = card.dataset.drawn === undefined;
    card.dataset.state = state;
    const chip = part(card, "state");
    chip.dataset.state = state;
    put(chip, say(`state-${state}`));
    if (!first) put($("announce"), say("announce-state", { title: m.title, state: say(`state-${state}`) }));
  }
  card.dataset.drawn = "";
}

function drawMetric(m) {
  const card = cards.get(m.key);
  put(part(card, "value"), number(m.value, boot.lang));
  put(part(card, "reason"), m.reason ?? "");
  const error = part(card, "error");
  error.hidden = !m.error;
  put(error, m.error ?? "");
  part(card, "spark").setAttribute("d", m.sparkline);
  const age = part(card, "age");
  if (m.value_at) {
    age.dateTime = m.value_at;
    age.title = localTime(m.value_at);
  }
  drawMuted(m);
  drawState(m);
}

/** Until when nobody is notified of a metric's alerts, and why. */
function drawMuted(m) {
  const card = cards.get(m.key);
  part(card, "muted").hidden = !m.muted;
  const why = m.muted && !m.muted_until ? mutedWords(m.muted) : say("silenced-until");
  put(part(card, "muted-why"), why);
  const until = part(card, "muted-until");
  until.dateTime = m.muted_until ?? "";
  put(until, m.muted_until ? shortTime(m.muted_until, time.now()) : "");
  put(part(card, "muted-reason"), m.muted_reason ?? "");
}

function drawTally() {
  const counts = {};
  let unacknowledged = 0;
  for (const m of metrics.values()) {
    const state = stateOf(m);
    counts[state] = (counts[state] ?? 0) + 1;
    unacknowledged += m.unacknowledged;
  }
  for (const item of $("tally").children) {
    const n = counts[item.dataset.state] ?? 0;
    item.hidden = n === 0;
    put(item.querySelector("b"), String(n));
  }
  $("unacked").hidden = unacknowledged === 0;
  put($("unacked"), say(unacknowledged === 1 ? "unacknowledged-one" : "unacknowledged-many", { n: unacknowledged }));
  const alarming = (counts.firing ?? 0) + (counts.no_data ?? 0);
  document.title = alarming ? `(${alarming}) ${say("page-title")}` : say("page-title");
}

// ── records ──────────────────────────────────────────────────────────────────────────────────────

function fillRow(row, r) {
  row.dataset.id = r.id;
  row.dataset.testid = `record-row-${r.id}`;
  const at = part(row, "time");
  at.dateTime = r.timestamp;
  put(at, localTime(r.timestamp));
  put(part(row, "metric"), r.title);
  put(part(row, "value"), number(r.value, boot.lang));
  put(part(row, "message"), r.message);
  const button = row.querySelector("[data-action=delete]");
  button.dataset.testid = `delete-${r.id}`;
  button.setAttribute("aria-label", say("delete-record", { message: r.message }));
  const ack = row.querySelector("[data-action=ack]");
  ack.hidden = !r.alert_id || Boolean(r.acknowledged_at || r.resolved_at);
  ack.dataset.testid = `ack-${r.id}`;
  ack.dataset.alert = r.alert_id ?? "";
  ack.setAttribute("aria-label", say("ack-record", { message: r.message }));
  const items = [...marks(r), ...deliveryItems(r.deliveries)];
  const list = part(row, "channels");
  const same = items.length === list.children.length && items.every((node, i) => node.isEqualNode(list.children[i]));
  if (!same) list.replaceChildren(...items);
}

/** Why nobody was notified, and who acknowledged it. */
function marks(r) {
  const found = [];
  if (r.muted) found.push(chip(mutedWords(r.muted), "muted"));
  if (r.acknowledged_at) found.push(chip(`${say("acknowledged-by")} ${r.acknowledged_by}`, "acknowledged"));
  return found;
}

function chip(words, state) {
  const node = document.createElement("li");
  node.className = "chip small";
  node.dataset.state = state;
  node.textContent = words;
  return node;
}

/** A mute word of the database, such as maintenance:nightly, in words; the same as the server says. */
function mutedWords(word) {
  const [kind, ...rest] = word.split(":");
  const known = ["silence", "maintenance", "dependency", "flapping", "incident"].includes(kind);
  return known ? say(`muted-${kind}`, { name: rest.join(":") }) : say("muted-other", { name: word });
}

/** A chip a channel, then why each that has not arrived has not. */
function deliveryItems(deliveries) {
  const chips = deliveries.map((d) => item("chip small", d.channel, `${say(`delivery-${d.status}`)}${d.total > 1 ? ` ${d.sent}/${d.total}` : ""}`, d.status));
  const whys = deliveries.filter((d) => d.error).map((d) => item("why", d.channel, d.error));
  return [...chips, ...whys];
}

function item(classes, channel, words, state) {
  const node = document.createElement("li");
  node.className = classes;
  if (state) node.dataset.state = state;
  const name = document.createElement("b");
  name.textContent = channel;
  node.append(name, ` ${words}`);
  return node;
}

/** `list` is newest first. Rows missing from it that are not older than its last are gone (deleted). */
function drawRecords(list, { fresh, complete }) {
  const body = $("records");
  const rows = new Map([...body.children].map((row) => [Number(row.dataset.id), row]));
  const newest = Math.max(-1, ...rows.keys());
  // Older rows stay only where the reader loaded them, so that a page left open does not grow.
  const floor = complete || !expanded ? -1 : (list.at(-1)?.id ?? Infinity);
  const wanted = new Set(list.map((r) => r.id));
  for (const [id, row] of rows) {
    if (wanted.has(id) || id < floor) continue;
    if (row.contains(document.activeElement)) ($("records").querySelector("button") ?? $("reset")).focus();
    row.remove();
  }
  let after = null;
  for (const r of list) {
    let row = rows.get(r.id);
    if (!row) {
      row = $("record-template").content.firstElementChild.cloneNode(true);
      if (fresh && r.id > newest) arrived(r, row);
    }
    fillRow(row, r);
    const place = after ? after.nextElementSibling : body.firstElementChild;
    if (place !== row) body.insertBefore(row, place);
    after = row;
  }
  oldestShown = Math.min(...[...body.children].map((row) => Number(row.dataset.id)), Infinity);
  $("records-empty").hidden = body.childElementCount > 0;
}

function arrived(r, row) {
  row.classList.add("fresh");
  put($("announce"), say("announce-record", { title: r.title, message: r.message }));
  if ($("sound").getAttribute("aria-pressed") === "true") tone();
}

async function olderRecords(button) {
  button.disabled = true;
  try {
    const answer = await fetch(`/api/v1/records?limit=50&cursor=${oldestShown}`);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = await answer.json();
    expanded = true;
    for (const r of page.records) {
      const row = $("record-template").content.firstElementChild.cloneNode(true);
      fillRow(row, r);
      $("records").append(row);
      oldestShown = r.id;
    }
    $("more").hidden = !page.next_cursor;
  } catch {
    toast(say("load-failed"), "bad");
  } finally {
    button.disabled = false;
  }
}

// ── the monitor's own incidents ───────────────────────────────────────────────────────────────────

function drawIncidents(list) {
  $("incidents").replaceChildren(...list.map((incident) => {
    const banner = document.createElement("p");
    banner.className = "banner";
    banner.dataset.tone = incident.severity;
    banner.dataset.testid = `incident-${incident.id}`;
    banner.setAttribute("role", "status");
    const [name, reason, since] = ["b", "span", "span"].map((tag) => document.createElement(tag));
    name.textContent = visible(`${say(`incident-${incident.kind}`)} ${incident.subject}`.trim());
    reason.textContent = visible(incident.reason);
    since.className = "since";
    since.textContent = `${say("since")} ${shortTime(incident.since, time.now())}`;
    banner.append(name, " ", reason, " ", since);
    return banner;
  }));
}

// ── what the server sends, and the passing of time ───────────────────────────────────────────────

function apply(data) {
  time.set(data.now);
  const known = data.metrics.every((m) => cards.has(m.key));
  if (!known || (data.whole && data.metrics.length !== cards.size)) return location.reload(); // the config changed
  if (data.incidents) drawIncidents(data.incidents);
  for (const m of data.metrics) {
    metrics.set(m.key, m);
    drawMetric(m);
  }
  worker = data.worker;
  $("database-banner").hidden = !data.database_error_since;
  if (data.database_error_since) put($("database-since"), shortTime(data.database_error_since, time.now()));
  if (data.records) {
    const complete = !data.more_records;
    drawRecords(data.records, { fresh: true, complete });
    if (complete || !expanded) $("more").hidden = complete;
  }
  tick();
}

function tick() {
  for (const m of metrics.values()) {
    if (m.value_at) put(part(cards.get(m.key), "age"), ago(time.since(m.value_at), say));
    drawState(m);
  }
  drawTally();
  const silent = worker.heartbeat_at ? time.since(worker.heartbeat_at) : null;
  const bad = silent === null || silent > boot.worker_timeout;
  $("worker-banner").hidden = !bad;
  if (!bad) return;
  const stopped = () => say("banner-worker-stopped", { at: localTime(worker.stopped_at) });
  const absent = () => (worker.stopped_at ? stopped() : say("banner-worker-never"));
  put($("worker-banner"), silent === null ? absent() : say("banner-worker-silent", { age: ago(silent, say) }));
}

function showLive(on) {
  $("live").dataset.state = on ? "on" : "off";
  put($("live-text"), say(on ? "live-on" : "live-off"));
  $("live-banner").hidden = on;
}

// ── actions ──────────────────────────────────────────────────────────────────────────────────────

async function reset(button) {
  const yes = await confirmed({ title: say("confirm-reset-title"), text: say("confirm-reset-text"), yes: say("confirm-reset-yes") });
  if (!yes) return;
  button.disabled = true;
  const done = await fetch("/reset", { method: "POST" }).then((a) => a.json()).then((a) => a.success === true, () => false);
  button.disabled = false;
  toast(say(done ? "reset-done" : "reset-failed"), done ? "good" : "bad");
}

async function remove(row) {
  const quote = `${part(row, "metric").textContent} · ${part(row, "message").textContent}`;
  const yes = await confirmed({ title: say("confirm-delete-title"), text: say("confirm-delete-text"), quote, yes: say("confirm-delete-yes") });
  if (!yes) return;
  const answer = await fetch(`/delete/${row.dataset.id}`, { method: "DELETE" }).catch(() => null);
  if (!answer || (!answer.ok && answer.status !== 404)) return toast(say("delete-failed"), "bad");
  const next = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector("button") ?? $("reset");
  row.remove();
  $("records-empty").hidden = $("records").childElementCount > 0;
  next.focus();
}

async function acknowledgeRecord(row, button) {
  const quote = `${part(row, "metric").textContent} · ${part(row, "message").textContent}`;
  if (!(await acknowledge(say, button.dataset.alert, quote))) return;
  toast(say("ack-done"), "good");
  row.querySelector("[data-action=delete]").focus();
}

let audio;
function tone() {
  try {
    audio ??= new AudioContext();
    const [wave, gain] = [audio.createOscillator(), audio.createGain()];
    gain.gain.setValueAtTime(0.0001, audio.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.12, audio.currentTime + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.35);
    wave.frequency.value = 740;
    wave.connect(gain).connect(audio.destination);
    wave.start();
    wave.stop(audio.currentTime + 0.4);
  } catch { /* No sound device: the row and the title still show it. */ }
}

function setSound(on) {
  $("sound").setAttribute("aria-pressed", String(on));
  try { localStorage.setItem("sound", on ? "on" : "off"); } catch { /* storage may be blocked */ }
}

// ── start ────────────────────────────────────────────────────────────────────────────────────────

put($("zone"), zone());
for (const at of document.querySelectorAll("#records time")) at.textContent = localTime(at.dateTime);
for (const at of document.querySelectorAll("time[data-clock]")) {
  if (at.dateTime) at.textContent = shortTime(at.dateTime, time.now());
}
oldestShown = Math.min(...[...$("records").children].map((row) => Number(row.dataset.id)), Infinity);
try { setSound(localStorage.getItem("sound") === "on"); } catch { /* storage may be blocked */ }
$("sound").addEventListener("click", () => {
  const on = $("sound").getAttribute("aria-pressed") !== "true";
  setSound(on);
  if (on) tone();
});
$("reset").addEventListener("click", (event) => reset(event.currentTarget));
$("more").querySelector("button").addEventListener("click", (event) => olderRecords(event.currentTarget));
$("records").addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button?.dataset.action === "delete") remove(button.closest("tr"));
  if (button?.dataset.action === "ack") acknowledgeRecord(button.closest("tr"), button);
});
tick();
setInterval(tick, 1000);
listen("/api/v1/events", { onSnapshot: apply, onLive: showLive });
