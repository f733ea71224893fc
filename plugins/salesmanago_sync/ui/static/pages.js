const FAST = 2000;
const SLOW = 15000;

// Times are written in UTC for everybody without scripts; here they become the reader's own.
function localise(place) {
  for (const time of place.querySelectorAll("time")) {
    time.title = time.textContent;
    time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  }
}

async function refresh(place) {
  let answer;
  try {
    answer = await fetch(place.dataset.live);
  } catch {
    return setTimeout(refresh, SLOW, place); // the server restarts, or the network is away
  }
  if (answer.status === 401) return location.reload(); // the log-in ran out
  if (!answer.ok) return setTimeout(refresh, SLOW, place);
  const was = place.querySelector("[data-state]").dataset.state;
  const written = new DOMParser().parseFromString(await answer.text(), "text/html"); // the server has escaped every value
  const fresh = written.body.firstElementChild;
  localise(fresh);
  place.replaceChildren(fresh);
  if (was === "running" && fresh.dataset.state === "idle") return location.reload(); // charts and issues are new too
  setTimeout(refresh, fresh.dataset.state === "running" ? FAST : SLOW, place);
}

// Airflow shows the page in a frame that may open nothing by itself; the page around it may.
function openOutside(event) {
  const link = event.target.closest("a[target]");
  if (!link || window.parent === window) return;
  event.preventDefault();
  const outside = parent.document.createElement("a");
  outside.href = link.href;
  outside.target = link.target === "_top" ? "_self" : link.target;
  outside.rel = "noopener noreferrer";
  outside.click();
}

localise(document);
for (const place of document.querySelectorAll("[data-live]")) setTimeout(refresh, FAST, place);
document.addEventListener("click", openOutside);
for (const all of document.querySelectorAll("[data-all]"))
  all.addEventListener("change", () => {
    for (const one of document.querySelectorAll(`input[name="${all.dataset.all}"]`)) one.checked = all.checked;
  });
