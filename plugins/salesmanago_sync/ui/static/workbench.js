const draft = document.getElementById("draft");
const said = document.querySelector("output");
const names = (id) => [...document.getElementById(id).options].map((option) => option.value);
const KEY = /(salesforce|salesmanago|field)\s*:\s*[^:]*$/;
const NAME = /[\w.]*$/;

// Line numbers beside the text: faults name lines. They say nothing to a screen reader.
const numbers = document.createElement("pre");
numbers.setAttribute("aria-hidden", "true");
draft.before(numbers);

function number() {
  const count = draft.value.split("\n").length;
  numbers.textContent = Array.from({ length: count }, (_, line) => line + 1).join("\n");
  numbers.scrollTop = draft.scrollTop;
}

function select(line) {
  const lines = draft.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  draft.focus();
  draft.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  draft.scrollTop = Math.max(0, (line - 5) * (draft.scrollHeight / lines.length));
}

// What all names have in common, so that a name is completed as far as it is certain.
function shared(some) {
  let start = some[0];
  for (const name of some) while (!name.startsWith(start)) start = start.slice(0, -1);
  return start;
}

function complete() {
  const before = draft.value.slice(0, draft.selectionStart);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const word = NAME.exec(line)[0];
  const key = KEY.exec(line);
  const known = names(key && key[1] === "salesmanago" ? "salesmanago-fields" : "salesforce-fields");
  const found = known.filter((name) => name.toLowerCase().startsWith(word.toLowerCase()));
  said.textContent = found.length ? found.slice(0, 30).join(", ") + (found.length > 30 ? " …" : "") : "No field begins so.";
  if (!found.length) return;
  const made = found.length === 1 ? found[0] : shared(found);
  if (made.length >= word.length && made !== "") draft.setRangeText(made, draft.selectionStart - word.length, draft.selectionStart, "end");
}

draft.addEventListener("input", number);
draft.addEventListener("scroll", () => (numbers.scrollTop = draft.scrollTop));
draft.addEventListener("keydown", (event) => {
  if (!event.ctrlKey || event.code !== "Space") return;
  event.preventDefault();
  complete();
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link) return;
  event.preventDefault();
  select(Number(link.dataset.line));
});
for (const hint of document.querySelectorAll("[data-script]")) hint.hidden = false;
number();
