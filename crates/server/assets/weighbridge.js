// What makes the pages quicker under the hand. Every page reads and every form works without it.

const typing = (element) =>
  element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);

/** `/` goes to the search, `j` and `k` to the next and the previous row that leads somewhere. */
function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "/") {
    const search = document.querySelector(".search input");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === "j" || event.key === "k") {
    const rows = [...document.querySelectorAll("main [data-row]")];
    const now = rows.indexOf(document.activeElement);
    const next = rows[event.key === "j" ? now + 1 : Math.max(now - 1, 0)];
    next?.focus();
  }
}

/** A button that copies what stands in `data-copy`. */
function offerCopies(root) {
  if (!navigator.clipboard) return;
  for (const shown of root.querySelectorAll("[data-copy]")) {
    if (shown.dataset.offered) continue;
    shown.dataset.offered = "yes";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "copy";
    button.setAttribute("aria-label", `copy ${shown.dataset.copyName || "the digest"}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(shown.dataset.copy);
      button.textContent = "copied";
      setTimeout(() => (button.textContent = "copy"), 1500);
    });
    shown.after(button);
  }
}

/** Arrow keys walk from box to box of a graph, in the order in which it is drawn. */
function walkGraphs(root) {
  for (const graph of root.querySelectorAll(".graph")) {
    const boxes = [...graph.querySelectorAll("a.box")];
    graph.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const now = boxes.indexOf(document.activeElement);
      if (!step || now < 0) return;
      event.preventDefault();
      boxes[Math.min(Math.max(now + step, 0), boxes.length - 1)].focus();
    });
  }
}

/** Times are written in UTC; the reader's own time stands in the title. */
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) time.title = `${time.dateTime} (here: ${at.toLocaleString()})`;
  }
}

function prepare(root) {
  offerCopies(root);
  walkGraphs(root);
  localTimes(root);
}

document.addEventListener("keydown", keys);
document.body.addEventListener("htmx:afterSettle", (event) => prepare(event.target));
prepare(document);
