// The dialog before something is done, and the message about what came of it.

const dialog = document.getElementById("confirm");
const form = dialog.querySelector("form");
const bar = document.getElementById("toast");
let hide;

/**
 * Opens the dialog; gives what was filled into `fields` when the reader confirmed, else null. Escape and "Cancel" are no.
 * Focus goes back to where it was.
 */
export function confirmed({ title, text, quote, yes, fields = [] }) {
  const put = (id, value) => { document.getElementById(id).textContent = value; };
  put("confirm-title", title);
  put("confirm-text", text);
  put("confirm-yes", yes);
  put("confirm-quote", quote ?? "");
  document.getElementById("confirm-quote").hidden = !quote;
  document.getElementById("confirm-yes").classList.toggle("danger", fields.length === 0);
  form.reset();
  for (const field of form.querySelectorAll("[data-field]")) {
    const wanted = fields.includes(field.dataset.field);
    field.hidden = !wanted;
    for (const input of field.querySelectorAll("input, textarea")) input.disabled = !wanted;
  }
  form.elements.by.value = knownName();
  dialog.returnValue = "no";
  dialog.showModal();
  form.querySelector("[data-field]:not([hidden]) > :is(input, textarea)")?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? filled(form) : null), { once: true });
  });
}

/** What a form holds, without what was left empty. The name is remembered for the next time. */
export function filled(form) {
  const values = Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim()));
  if (values.by) {
    try { localStorage.setItem("name", values.by); } catch { /* storage may be blocked */ }
  }
  return values;
}

/** The name that the reader gave last. */
export function knownName() {
  try { return localStorage.getItem("name") ?? ""; } catch { return ""; }
}

/** Shows a message at the foot of the page for a few seconds. */
export function toast(message, tone) {
  bar.dataset.tone = tone;
  bar.hidden = false;
  bar.textContent = message;
  clearTimeout(hide);
  hide = setTimeout(() => { bar.hidden = true; }, 6000);
}

// A click on the backdrop closes it, as Escape does.
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close("no");
});
document.getElementById("confirm-no").addEventListener("click", () => dialog.close("no"));
