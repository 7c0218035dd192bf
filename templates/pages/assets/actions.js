// What a reader can do: each opens the dialog, calls the API once confirmed, and gives whether it was done.
import { confirmed, toast } from "./dialog.js";

/** Acknowledges an alert. */
export async function acknowledge(say, id, quote) {
  const fields = await confirmed({ title: say("ack-title"), text: say("ack-text"), quote, yes: say("ack-yes"), fields: ["note", "by"] });
  return fields !== null && call(say, "POST", `/api/v1/alerts/${id}/ack`, fields);
}

/** Silences the metric of an alert. */
export async function silence(say, alert, quote) {
  const fields = await confirmed({ title: say("silence-title"), text: say("silence-text"), quote, yes: say("silence-yes"), fields: ["for", "reason", "by"] });
  return fields !== null && call(say, "POST", `/api/v1/alerts/${alert}/silence`, fields);
}

/** Ends a silence before its time. */
export async function cancelSilence(say, id, quote) {
  const fields = await confirmed({ title: say("cancel-silence-title"), text: say("cancel-silence-text"), quote, yes: say("cancel-silence-yes") });
  return fields !== null && call(say, "DELETE", `/api/v1/silences/${id}`);
}

/** Retries a delivery. */
export async function retry(say, id, quote) {
  const fields = await confirmed({ title: say("retry-title"), text: say("retry-text"), quote, yes: say("retry-yes") });
  return fields !== null && call(say, "POST", `/api/v1/deliveries/${id}/retry`);
}

/** Retries all of a channel that were not delivered. */
export async function retryAll(say, channel, quote) {
  const fields = await confirmed({ title: say("retry-all-title"), text: say("retry-all-text"), quote, yes: say("retry-yes") });
  return fields !== null && call(say, "POST", "/api/v1/deliveries/retry", { channel });
}

/** Calls the API; shows why where it refused. */
export async function call(say, method, path, body) {
  const request = { method };
  if (body) {
    request.headers = { "content-type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const answer = await fetch(path, request).catch(() => null);
  if (answer?.ok) return true;
  const problem = await answer?.json().catch(() => null);
  const what = say(answer?.status === 409 ? "action-conflict" : "action-failed");
  toast(`${what} ${problem?.detail ?? ""}`, "bad");
  return false;
}
