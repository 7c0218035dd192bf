// Asking before something is done, and saying what came of it.

const dialog = document.getElementById("confirm");
const bar = document.getElementById("toast");
let hide;

/** Asks; true when the reader confirmed. Escape and "Cancel" are no. Focus goes back to where it was. */
export function ask({ title, text, quote, yes }) {
  const put = (id, value) => { document.getElementById(id).textContent = value; };
  put("confirm-title", title);
  put("confirm-text", text);
  put("confirm-yes", yes);
  put("confirm-quote", quote ?? "");
  document.getElementById("confirm-quote").hidden = !quote;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Says something at the foot of the page for a few seconds. */
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
