// The pages that do not change by themselves: times in the reader's zone, and actions, after which the page is loaded anew.
import { acknowledge, call, cancelSilence, retry, retryAll, silence } from "./actions.js";
import { filled, knownName } from "./dialog.js";
import { clock, localTime, shortTime, text, zone } from "./format.js";

const boot = JSON.parse(document.getElementById("boot").textContent);
const say = text(boot.text);
const time = clock(boot.now);

const actions = {
  ack: (data) => acknowledge(say, data.id, data.quote),
  silence: (data) => silence(say, data.alert, data.quote),
  "cancel-silence": (data) => cancelSilence(say, data.id, data.quote),
  retry: (data) => retry(say, data.id, data.quote),
  "retry-all": (data) => retryAll(say, data.channel, data.quote),
};

async function act(button, done) {
  button.disabled = true;
  if (await done) return location.reload();
  button.disabled = false;
}

for (const at of document.querySelectorAll("time[data-local]")) at.textContent = localTime(at.dateTime);
for (const at of document.querySelectorAll("time[data-clock]")) {
  if (!at.dateTime) continue;
  at.textContent = shortTime(at.dateTime, time.now());
  at.title = localTime(at.dateTime);
}
for (const node of document.querySelectorAll("[data-zone]")) node.textContent = zone();

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  const action = button && actions[button.dataset.action];
  if (action) act(button, action(button.dataset));
});

const form = document.getElementById("silence-form");
if (form) {
  form.elements.by.value = knownName();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = { key: form.dataset.key, ...filled(form) };
    act(form.querySelector("button"), call(say, "POST", "/api/v1/silences", wanted));
  });
}
